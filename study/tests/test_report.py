"""The report in a real browser: what a reader sees, clicks and cannot trip over."""
import json
import pathlib

import pytest

from compat import trees
from study import report
from study.commands import report as command
from study.diff import aligned
from study.names import NAMES
from study.report import guards
from study.report import scanned
from study.rulebook import rules
from study.scanning import scan
from study.scanning import source
from study.tests import measured
from study.tests.tool import study

pytest.importorskip('playwright.sync_api')
axe = pytest.importorskip('axe_playwright_python.sync_playwright')

# One of each kind; the rules with and without lines that they explain.
KINDS = ['index', 'rules', 'pair-udp_server', 'rule-integer-division', 'rule-newlines',
         'classes', 'tests', 'benchmarks', 'quirks-kept-on-purpose',
         'what-a-mechanical-translation-leaves-broken', 'scanned', 'scanned-1']
LOOK = '''() => {
    document.querySelectorAll('details').forEach(fold => fold.open = true);
    const all = (selector, of) => [...document.querySelectorAll(selector)].map(of);
    return {url: location.href, width: document.documentElement.scrollWidth,
            ids: all('[id]', one => one.id),
            links: all('[href], [src]', one => one.href || one.src)};
}'''


@pytest.fixture(scope='session')
def results(tmp_path_factory):
    """A folder of outcomes, made up: every test of one parameter passes on two
    interpreters, but for one that fails on one of them."""
    folder = tmp_path_factory.mktemp('results')
    ids = ['%s::%s' % (guard.file, guard.name) for guard in guards.load()]
    for environment, outcome in (('py27', 'passed'), ('py313', 'failed')):
        tests = dict.fromkeys(ids, 'passed')
        tests[ids[0]] = outcome
        (folder / (environment + '.json')).write_text(json.dumps(
            {'python': 'CPython', 'tree': 'py3', 'run': '', 'tests': tests}))
    (folder / 'py36.json').write_text('{"half a fi')
    return folder


@pytest.fixture(scope='session')
def site(tmp_path_factory, results):
    """The folder of a report."""
    read = [source.read(measured.script(name)) for name in measured.SERVERS[-2:]]
    found = [one for each in read for one in scan.findings(each, rules.load())]
    first = report.build(tmp_path_factory.mktemp('report'), results,
                         scanned.files(read, found))
    return pathlib.Path(first).parent


@pytest.fixture
def visit(browser, site):
    """A function: the name of a page -> it in the browser."""
    pages, said = [], []

    def go(name):
        pages.append(browser.new_page())
        listen(pages[-1], site, said)
        pages[-1].goto((site / (name + '.html')).as_uri())
        return pages[-1]

    yield go
    for page in pages:
        page.close()
    assert said == []


def listen(page, site, said):
    """Add to a list what a page says on the console, what fails in it, and what it
    asks for outside the report."""
    page.on('console', lambda message: said.append(message.text))
    page.on('pageerror', lambda error: said.append(str(error)))
    page.on('request', lambda request: request.url.startswith(
        (site.as_uri(), 'data:')) or said.append(request.url))


@pytest.fixture(scope='module')
def walk(browser, site):
    """Every page once, on a phone, with all folds open: a list of
    {name, url, ids, links, width, said}."""
    page, said = browser.new_page(viewport={'width': 360, 'height': 740}), []
    listen(page, site, said)
    found = []
    for name in sorted(path.stem for path in site.glob('*.html')):
        page.goto((site / (name + '.html')).as_uri())
        found.append(dict(page.evaluate(LOOK), name=name, said=said[:]))
        del said[:]
    page.close()
    return found


def test_every_link_leads_somewhere(walk, site):
    places = {path.as_uri() for path in site.iterdir() if path.suffix != '.html'}
    for page in walk:
        places.add(page['url'])
        places.update('%s#%s' % (page['url'], anchor) for anchor in page['ids'])
    dead = [(page['name'], link) for page in walk for link in page['links']
            if link not in places and not link.startswith(('https://', 'data:'))]
    assert dead == []


def test_every_page_can_be_reached_from_the_first(walk):
    links = {page['url']: {link.partition('#')[0] for link in page['links']}
             for page in walk}
    found = new = {next(page['url'] for page in walk if page['name'] == 'index')}
    while new:
        new = set().union(*(links[url] for url in new)) & set(links) - found
        found = found | new
    assert sorted(set(links) - found) == []


def test_no_page_scrolls_sideways_on_a_phone(walk):
    assert [page['name'] for page in walk if page['width'] > 360] == []


def test_no_page_says_a_word_on_the_console_or_asks_for_anything_outside(walk):
    assert [page['said'] for page in walk if page['said']] == []


def test_a_rule_is_clicked_from_a_pair_and_leads_back_to_the_place(visit):
    page = visit('pair-server_matrix')
    page.click('.margin a:text-is("integer-division")')
    assert page.inner_text('h1').startswith('integer-division')
    assert '100 * count // len(services)' in page.inner_text('#places ~ section')
    page.click('#places ~ section a:has-text("change")')
    assert '#change-' in page.url
    assert 'integer-division' in page.inner_text('.change:target')


def test_a_rule_says_what_2to3_does_its_trap_and_its_tests(visit):
    page = visit('rule-oserror')
    facts = page.inner_text('.facts')
    assert 'silent; what it leaves behind works' in facts
    assert 'a clause that was narrow gets wide' in facts
    assert 'test_a_port_in_use_is_one_line_and_status_1' in page.inner_text('.guards')


@pytest.mark.parametrize('recipe', NAMES)
def test_a_pair_shows_every_line_of_both_files(recipe, visit):
    page = visit('pair-' + recipe)
    shown = page.evaluate('''() => ['.line:first-child', '.line:last-child'].map(
        side => [...document.querySelectorAll('.pair .row > ' + side + ' code')].map(
            code => code.textContent).join('\\n') + '\\n')''')
    for text, tree in zip(shown, ('py2_original', 'py3')):
        script = pathlib.Path(trees.named(tree).script(recipe))
        assert text == script.read_text(encoding='utf-8')


def test_a_scanned_file_leads_to_the_rule_beside_a_line(visit):
    page = visit('scanned-1')
    assert 'put a b in front of it' in page.inner_text('#line-13 .margin')
    page.click('#line-13 .margin a:text-is("bytes-on-the-wire")')
    assert page.inner_text('h1').startswith('bytes-on-the-wire')


def test_what_is_folded_opens_with_the_keyboard(visit):
    page = visit('pair-tcp_server')
    assert not page.is_visible('.fold .rows >> nth=0')
    page.focus('.fold summary >> nth=0')
    page.keyboard.press('Enter')
    assert page.is_visible('.fold .rows >> nth=0')
    page.click('text=Open all that is folded')
    assert page.locator('.fold:not([open])').count() == 0


def test_the_first_stop_of_the_keyboard_skips_to_the_text(visit):
    page = visit('index')
    page.keyboard.press('Tab')
    page.keyboard.press('Enter')
    assert page.evaluate('document.activeElement.id') == 'main'


def test_each_test_shows_its_outcome_and_a_failure_is_open(visit):
    page = visit('tests')
    assert page.locator('details[open]').count() == 1
    assert page.inner_text('details[open] td.failed') == 'FAIL'
    rows = [row.inner_text().split() for row in page.locator('#runs ~ div tr').all()]
    total = len(set((guard.file, guard.name) for guard in guards.load()))
    assert rows[1][:6] == ['py27', 'CPython', 'py3', str(total), '0', '0']
    assert rows[2][:6] == ['py313', 'CPython', 'py3', str(total - 1), '1', '0']
    assert len(rows) == 3


@pytest.fixture(scope='session')
def bare(tmp_path_factory):
    """The folder of a report without results and without interpreters."""
    def none(major, minor=None):
        raise report.site.hierarchy.interpreters.InterpreterMissing('Get one.')

    folder = tmp_path_factory.mktemp('bare')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report.site.hierarchy.interpreters, 'find', none)
        report.build(folder, folder)
    return folder


def test_without_results_the_page_says_how_to_get_them(bare):
    assert './toxw' in (bare / 'tests.html').read_text(encoding='utf-8')


def test_without_interpreters_the_page_of_classes_says_so(bare):
    page = (bare / 'classes.html').read_text(encoding='utf-8')
    assert 'Python 2.7 is not here. Get one.' in page
    assert '<svg' not in page


def test_the_figure_has_the_classes_of_this_python(visit):
    figure = visit('classes').text_content('svg >> nth=-1')
    assert 'ThreadingUnixDatagramServer' in figure


@pytest.mark.parametrize('name', KINDS)
def test_axe_finds_no_serious_fault(name, visit):
    page = visit(name)
    page.evaluate('document.querySelector("details")?.setAttribute("open", "")')
    page.emulate_media(color_scheme='light')
    assert faults(page) == []
    page.emulate_media(color_scheme='dark')  # in which nothing but the colours differ
    assert faults(page, runOnly=['color-contrast']) == []


def faults(page, **options):
    """Return what axe finds serious or critical: [(rule, the element's HTML)]."""
    options.update(resultTypes=['violations'], preload=False)
    found = axe.Axe().run(page, options=options).response['violations']
    return [(fault['id'], node['html']) for fault in found for node in fault['nodes']
            if fault['impact'] in ('serious', 'critical')]


def test_it_says_where_it_is_and_opens_it(tmp_path, capsys, monkeypatch):
    opened, first = [], str(tmp_path / 'index.html')
    monkeypatch.setattr(report, 'build', lambda folder: first)
    monkeypatch.setattr(command.webbrowser, 'open', lambda url: not opened.append(url))
    assert command.main(['--open']) == 0
    assert capsys.readouterr().out == first + '\n'
    assert opened == [(tmp_path / 'index.html').as_uri()]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / 'file').write_text('')
    child = study('report', '--output', str(tmp_path / 'file' / 'report'))
    assert (child.returncode, child.stdout) == (2, '')
    assert child.stderr.startswith('study: ')
    assert child.stderr.count('\n') == 1


def test_a_link_into_migration_md_that_leads_nowhere_is_an_error():
    with pytest.raises(rules.RulesError):
        report.site.prose.Prose({}, {}).page('[here](#nowhere)')


def test_a_change_within_a_line_is_marked_and_no_more():
    old, new = '    except socket.error, error:', '    except OSError as error:'
    marks = aligned.spans(old, new)
    assert [old[begin:end] for begin, end in marks[0]] == ['socket.error,']
    assert [new[begin:end] for begin, end in marks[1]] == ['OSError as']


def test_an_unknown_option_is_one_line_and_status_2(capsys):
    with pytest.raises(SystemExit) as left:
        command.main(['--colour'])
    assert left.value.code == 2
    assert capsys.readouterr().err.count('\n') == 1
