"""The sections of MIGRATION.md, and on which page of the report each stands."""
import re
from dataclasses import dataclass, field

from study.names import NAMES
from study.rulebook import rules as rulebook

HEADING = re.compile(r'(#{2,6}) (.+)$')
MECHANICAL = 'what-a-mechanical-translation-leaves-broken'
WALKS = 'a-walk-through-each-pair'
HOW_TO_READ = 'how-to-read-a-rule'
IN_RULES = (HOW_TO_READ, 'the-rules')


@dataclass
class Section:
    """A part of MIGRATION.md under a heading of the second level. text is its
    Markdown up to the first rule, rules the ids of its rules."""

    title: str
    slug: str
    lines: list = field(default_factory=list)
    rules: list = field(default_factory=list)

    @property
    def text(self):
        return '\n'.join(self.lines)

    @property
    def page(self):
        """The file of the report that shows it."""
        return ('rules' if self.rules or self.slug in IN_RULES else self.slug) + '.html'


def read(path=rulebook.PATH):
    """Return the text of MIGRATION.md. Raises rules.RulesError."""
    try:
        with open(path, encoding='utf-8') as source:
            return source.read()
    except OSError as error:
        raise rulebook.RulesError('%s: %s' % (path, error.strerror))


def headings(text):
    """Yield (line, level or 0, title) for the lines of a text. A heading has a level,
    from 2 on; a line of a fenced block has none."""
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith('```')
        match = None if fenced else HEADING.match(line)
        yield (line, len(match.group(1)), match.group(2)) if match else (line, 0, '')


def sections(text):
    """Return the Sections of a text, in order, without what stands above the first."""
    found = []
    for line, level, title in headings(text):
        rule = rulebook.HEADING.match(line)
        if level == 2:
            found.append(Section(title, rulebook.slug(title)))
        elif found and rule:
            found[-1].rules.append(rule.group(1))
        elif found and not found[-1].rules:
            found[-1].lines.append(line)
    return found


def chapters(found):
    """Return the Sections that have a page of their own each."""
    return [section for section in found if section.page != 'rules.html']


def anchors(text):
    """Return {anchor in MIGRATION.md: place in the report}."""
    found, page = {}, ''
    pages = {section.slug: section.page for section in sections(text)}
    for line, level, title in headings(text):
        rule, anchor = rulebook.HEADING.match(line), rulebook.slug(title)
        if level == 2:
            page = pages[anchor]
        if rule:
            found[anchor] = rule_page(rule.group(1))
        elif level:
            found[anchor] = '%s#%s' % (page, anchor)
    return found


def walks(found):
    """Return {recipe: the paragraph that walks through it}."""
    text = next((section.text for section in found if section.slug == WALKS), '')
    paragraphs = [part for part in text.split('\n\n') if part.startswith('**`')]
    return {recipe: part for part in paragraphs for recipe in NAMES
            if '`%s.py`' % recipe in part.partition('**')[2].partition('**')[0]}


def rule_page(name):
    return 'rule-%s.html' % name


def pair_page(recipe):
    return 'pair-%s.html' % recipe
