"""What the suite says: a test and how it ended, and all the tests of one recipe."""
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """A test and how it ended.

    kind is its marker: 'unit', 'wire'... about are the recipes and shared modules that
    it is about. outcome is 'passed', 'failed', 'skipped', or '' if it was not run;
    message says why in short, text is the traceback, said is what the programs of the
    test wrote, and asserted says that an assertion of the suite failed, and
    no error came before it.
    """

    id: str
    kind: str
    rules: list
    outcome: str = ''
    message: str = ''
    text: str = ''
    asserted: bool = False
    said: str = ''
    about: list = field(default_factory=list)

    @property
    def name(self):
        """Its name, with its parameters."""
        return self.id.rpartition('::')[2]

    @property
    def function(self):
        """The id without the parameters."""
        return self.id.partition('[')[0]

    @property
    def failed(self):
        return self.outcome == 'failed'


@dataclass
class Result:
    """What the suite says about one recipe or shared module. tests is a dict by id."""

    recipe: str
    tests: dict = field(default_factory=dict)

    @property
    def failed(self):
        """The tests that failed, as a list."""
        return [test for test in self.tests.values() if test.failed]

    @property
    def ran(self):
        """The tests that were run, as a list; one that was skipped is among them."""
        return [test for test in self.tests.values() if test.outcome]

    @property
    def skipped(self):
        """The tests that were skipped, as a list."""
        return [test for test in self.tests.values() if test.outcome == 'skipped']
