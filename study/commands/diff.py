"""study diff: a recipe and its port side by side, and the rules that explain them."""
from study import output
from study.commands import CommandLine
from study.diff import sidebyside
from study.diff import unified
from study.names import NAMES, name_of, rule_named
from study.rulebook import rules


def recipes_with(rule, found, chosen):
    """Return those of the chosen recipes in which a rule explains a line. found is all
    rules."""
    return [recipe for recipe in chosen
            if any(rule.id in rules.of_group(found, group)
                   for group in sidebyside.groups(recipe))]


def main(argv):
    """Show the differences; return the exit status. Raises StudyError."""
    parser = CommandLine(prog='study diff', description='A recipe and its port side by '
                         'side, and beside each change the rules that explain it.')
    parser.add_argument('recipe', nargs='?', metavar='RECIPE')
    parser.add_argument('--rule', metavar='ID', help='only what this rule explains, '
                        'in all recipes if no RECIPE is given')
    parser.add_argument('--unified', action='store_true', help='a patch (patch -p1) '
                        'that turns the original into the port')
    args = parser.parse_args(argv)
    if not (args.recipe or args.rule):
        parser.error('which recipe? "study list" names them')
    found = rules.load()
    rule = rule_named(found, args.rule) if args.rule else None
    chosen = [name_of(args.recipe)] if args.recipe else NAMES
    if rule:
        chosen = recipes_with(rule, found, chosen)
    show(found, rule, chosen, args.unified)
    return 0


def show(found, rule, recipes, as_patch):
    """Print the differences of some recipes, or what a rule explains in them."""
    with output.paged() as console:
        if as_patch:
            unified.show(console, found, rule, recipes)
            return
        if rule:
            show_rule(console, rule, bool(recipes))
        for recipe in recipes:
            sidebyside.show(console, found, rule, recipe)


def show_rule(console, rule, differs):
    """Print what a rule is, before the places where it occurs."""
    console.print('%s: %s' % (rule.id, rule.title), style='bold', markup=False)
    console.print(rule.why, markup=False)
    if not differs:
        console.print('No line differs because of it here. Its tests: %s'
                      % ', '.join(rule.tests), markup=False)
    console.print(rule.link, markup=False, style='bright_black', soft_wrap=True)
    console.print()
