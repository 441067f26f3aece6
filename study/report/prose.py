"""MIGRATION.md's Markdown as HTML, its references as links within the report."""
import html

from markdown_it import MarkdownIt
from markupsafe import Markup

from study.rulebook import rules

LEVELS = {'h3': 'h2', 'h4': 'h3', 'h5': 'h4', 'h6': 'h5'}
SCROLLS = '<div class="scrolls" tabindex="0" role="group" aria-label="%s">'


class Prose:
    """Renders Markdown. anchors is {anchor: place}, words is {text of a code span:
    place}: a code span with that text becomes a link."""

    def __init__(self, anchors, words):
        self.anchors, self.words = anchors, words
        self.markdown = MarkdownIt('commonmark', {'html': False, 'typographer': True})
        self.markdown.enable(['table', 'smartquotes'])
        for kind in ('code_inline', 'link_open', 'heading_open', 'heading_close',
                     'table_open', 'table_close', 'th_open', 'fence'):
            # Not by add_render_rule(): up to Python 3.12 it binds our methods to itself.
            self.markdown.renderer.rules[kind] = getattr(self, '_' + kind)

    def page(self, text, here=''):
        """Return the HTML of blocks of Markdown, as Markup. here is the place where it
        will stand: no word links to that."""
        return Markup(self.markdown.render(text, {'here': here}))

    def line(self, text):
        """Return the HTML of Markdown within a paragraph, as Markup."""
        return Markup(self.markdown.renderInline(text))

    def _code_inline(self, tokens, index, options, env):
        text = tokens[index].content
        code = '<code>%s</code>' % html.escape(text)
        kinds = [token.type for token in tokens[:index]]
        inside_link = kinds.count('link_open') > kinds.count('link_close')
        place = self.words.get(text)
        if place and place != env.get('here') and not inside_link:
            return '<a href="%s">%s</a>' % (place, code)
        return code

    def _link_open(self, tokens, index, options, env):
        target = tokens[index].attrGet('href')
        if target.startswith('#'):
            tokens[index].attrSet('href', self._place(target[1:]))
        return self.markdown.renderer.renderToken(tokens, index, options, env)

    def _place(self, anchor):
        if anchor not in self.anchors:
            raise rules.RulesError('MIGRATION.md has no heading #%s' % anchor)
        return self.anchors[anchor]

    def _heading_open(self, tokens, index, options, env):
        title = tokens[index + 1].content
        return '<%s id="%s">' % (LEVELS[tokens[index].tag], rules.slug(title))

    def _heading_close(self, tokens, index, options, env):
        return '</%s>\n' % LEVELS[tokens[index].tag]

    def _table_open(self, tokens, index, options, env):
        return SCROLLS % 'Table' + '<table>\n'

    def _table_close(self, tokens, index, options, env):
        return '</table></div>\n'

    def _th_open(self, tokens, index, options, env):
        tokens[index].attrSet('scope', 'col')
        return self.markdown.renderer.renderToken(tokens, index, options, env)

    def _fence(self, tokens, index, options, env):
        lines = tokens[index].content.splitlines()
        return '%s<pre><code>%s</code></pre></div>\n' % (
            SCROLLS % 'Code', '\n'.join(html.escape(line) for line in lines))
