"""Is the port as fast as the original? Figures that anyone can repeat.

    ./toxw run -e bench                 every group, and the plots, in build/bench/
    ./toxw run -e bench -- web chat     some groups; --help: some interpreters
    ./toxw run -e bench -- --against benchmarks/results/run.json
    ./toxw run -e bench -- --keep       the run that README.md here and the report show

    cases      what is measured: servers, loads, sizes
    running    a server on one core, the load on another, and what that costs
    floors     of each server: its system calls and nothing else, on any Python
    outcome    medians, spreads, ratios; a run as JSON, and two runs compared
    progress   how far a run is
    pages      the tables of README.md
    plots      the pictures
    load.c     the load; echo.c, the physical limit (both need a C compiler)
    peers/     other people's ways to do the same
    calls      the system calls of a request

And what is too much for the test suite, each a program of its own (--help):

    load_chat, load_echo, load_web    many clients, and what each of them must get
    soak                              minutes of good and bad clients: no growth
    signals                           SIGINT and SIGTERM at any moment
    slow_clients                      slowhttptest, with a good client beside it
    fuzz_http, fuzz_frames            atheris on the two parsers
"""
