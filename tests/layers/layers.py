"""The rules of the house, read from the sources: floors, one door to each outside library, calls
that a library must not make, the floating-point environment of public calls, sizes.

    layers.py ROOT       checks the tree below ROOT
    layers.py --self     checks that each rule catches what it forbids
"""
import pathlib
import re
import statistics
import sys

FLOORS = {'base': 0, 'platform': 1, 'geometry': 1, 'stream': 1, 'kernel': 2, 'cloud': 3,
          'model': 3, 'tree': 4, 'operators': 5, 'layout': 6, 'ops': 7, 'graph': 8, 'runtime': 9,
          'tuning': 10, 'forecast': 10, 'api': 11, 'cli': 12, 'cli/pictures': 13,
          'cli/commands': 14}

# The tool: it may print and end the process, and knows the library by its public header alone.
TOOL = {'cli', 'cli/pictures', 'cli/commands'}

# Within these, files that are made for each instruction set, or that share one internal header, know
# one another. Everywhere else files include in one direction only.
CIRCLES = {'kernel', 'operators', 'platform', 'runtime'}

# Header -> the folder that alone may include it.
DOORS = {r'starpu.*\.h': 'runtime', r'hwloc.*': 'platform', r'hdf5.*\.h|H5.*\.h': 'platform',
         r'cblas.*\.h|lapack.*\.h|openblas.*\.h': 'platform', r'cpuid\.h': 'platform',
         r'immintrin\.h|simde/.*': 'kernel'}

# (what must not occur, pattern of the paths where it may nevertheless); the tool may do all of it.
PROCESS = r'(v?printf|puts|putchar|perror|abort|_?_?[eE]xit|quick_exit|assert|signal|system)'
FORBIDDEN = [(PROCESS + r'\s*\(', None), (r'\b(stdout|stderr)\b', None),
             (r'sigaction\s*\(', r'runtime/strict\.c'), (r'\benviron\b', r'platform/env\.c'),
             (r'(secure_)?getenv\s*\(', r'platform/env\.c'),
             (r'(setenv|putenv|unsetenv)\s*\(', None),
             (r'(malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|asprintf)\s*\(',
              r'base/memory\.c')]

MARKS = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b')
# The public headers, which any file may include.
PUBLIC = ('dagpole.h', 'dagpole_files.h', 'dagpole_kernels.h', 'dagpole_own.h')

# The public headers are their users' manual: their limit is their own.
HEADER_LINES = 700
FILE_LINES, FUNCTION_LINES, MOST_FUNCTION_LINES, MEDIAN_FUNCTION_LINES = 500, 100, 60, 20


def without_comments(text):
    """Comments and the insides of strings taken out, lines kept."""
    def blank(match):
        piece = match.group(0)
        return '""' if piece[0] == '"' else "' '" if piece[0] == "'" else '\n' * piece.count('\n')
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\\n])*"|\'(\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def include_violations(folder, text):
    for mark, header in re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', text, flags=re.M):
        for door, owner in DOORS.items():
            if re.fullmatch(door, header) and folder != owner:
                yield f'<{header}> belongs to {owner}/ alone'
        target = header.rpartition('/')[0]
        if mark == '<' or header in PUBLIC:
            continue
        if target not in FLOORS:
            yield f'"{header}" is not of the form "folder/file.h"'
        elif target != folder and (FLOORS[target] >= FLOORS[folder]
                                   or (folder in TOOL and target not in TOOL)):
            yield f'{folder}/ (floor {FLOORS[folder]}) must not include "{header}"'


def circles(texts):
    """Groups of files that reach one another by their includes; a file is a .c with its .h.

    texts: path below src/ -> text.
    """
    reached = {}
    for path, text in texts.items():
        own = path.rsplit('.', 1)[0]
        targets = {t.rsplit('.', 1)[0] for t in re.findall(r'#\s*include "([^"]+)"', text)
                   if t in texts}
        reached.setdefault(own, set()).update(targets - {own})
    grown = True
    while grown:
        grown = False
        for targets in reached.values():
            more = set().union(*(reached.get(t, set()) for t in targets)) - targets
            grown |= bool(more)
            targets |= more
    groups = {tuple(sorted(f for f in reached if f in reached[own] and own in reached[f]))
              for own in reached if own in reached[own]}
    return sorted(g for g in groups if g[0].split('/')[0] not in CIRCLES)


def function_lengths(code):
    """(name, lines) of each function: in this layout, signature and last brace start a line."""
    start = name = None
    for number, line in enumerate(code.split('\n')):
        if start is None or not name:
            if re.match(r'[A-Za-z_]', line):
                start = number
                name = None
            if start is not None and re.search(r'\)\s*\{$', line) and not line.startswith('#'):
                signature = ' '.join(code.split('\n')[start:number + 1])
                name = re.match(r'[^(]*?(\w+)\s*\(', signature).group(1)
            elif line.endswith((';', '}')) or line.startswith('#'):
                start = None
        elif line.startswith('}'):
            yield name, number - start + 1
            start = name = None


def public_call_violations(code):
    """A public call that returns a status computes in the default floating-point environment."""
    for name, first in re.findall(r'^dagpole_status (dagpole_\w+)\([^{;]*\)\s*\{\s*([^\n]*)', code,
                                  flags=re.M):
        if first != 'DP_DEFAULT_FLOATING;':
            yield f'{name} does not begin with DP_DEFAULT_FLOATING'


def violations(path, text):
    """Of one file below src/, given by its path there."""
    folder = path.rpartition('/')[0]
    code = without_comments(text)
    yield from include_violations(folder, text)
    if folder not in TOOL:
        for pattern, allowed in FORBIDDEN:
            for match in re.finditer(r'(?<![\w.>])' + pattern, code):
                if not (allowed and re.fullmatch(allowed, path)):
                    line = code[:match.start()].count('\n') + 1
                    yield f'line {line}: {match.group(0)} is not for a library'
    yield from public_call_violations(code)
    for name, lines in function_lengths(code):
        if lines > FUNCTION_LINES:
            yield f'{name} has {lines} lines, more than {FUNCTION_LINES}'
    yield from text_violations(text)


def text_violations(text, most_lines=FILE_LINES):
    if text.count('\n') > most_lines:
        yield f'{text.count(chr(10))} lines, more than {most_lines}'
    for match in MARKS.finditer(text):
        yield f'the mark {match.group(0)}'


def example_violations(text):
    if text.count('\n') >= 80:
        yield 'an example has fewer than 80 lines'
    for header in re.findall(r'#include "([^"]+)"', text):
        yield f'an example does not include "{header}"'


def check_tree(root):
    found, lengths, texts = [], [], {}

    def collect(path, messages):
        found.extend(f'{path.relative_to(root)}: {message}' for message in messages)

    for path in sorted(root.glob('src/**/*.[ch]')):
        text = path.read_text()
        texts[str(path.relative_to(root / 'src'))] = text
        collect(path, violations(str(path.relative_to(root / 'src')), text))
        lengths += [lines for _, lines in function_lengths(without_comments(text))]
    found += ['these include one another: ' + ', '.join(group) for group in circles(texts)]
    for path in sorted(root.glob('include/*.h*')):
        collect(path, text_violations(path.read_text(), HEADER_LINES))
    for pattern in ('tests/**/*.[ch]', 'perf/**/*.[ch]', 'examples/**/*.[ch]'):
        for path in sorted(root.glob(pattern)):
            collect(path, text_violations(path.read_text()))
    for path in sorted(root.glob('examples/*.c')):
        collect(path, example_violations(path.read_text()))
    if not lengths:
        found.append('no function found below src/')
        return found
    long = sum(n > MOST_FUNCTION_LINES for n in lengths) / len(lengths)
    median = statistics.median(lengths)
    if long > 0.1:
        found.append(f'{100 * long:.0f} % of functions have over {MOST_FUNCTION_LINES} lines')
    if median > MEDIAN_FUNCTION_LINES:
        found.append(f'the median function has {median} lines, over {MEDIAN_FUNCTION_LINES}')
    print(f'{len(lengths)} functions, median {median} lines, longest {max(lengths)}')
    return found


def self_check():
    """Messages about rules that let something pass, or forbid what is right."""
    long_function = 'static int f(int a,\n             int b) {\n' + '    a++;\n' * 99 + '}\n'
    bad = [('tree/a.c', '#include "graph/graph.h"\n'), ('platform/a.c', '#include "geometry/a.h"\n'),
           ('tree/a.c', '#include "b.h"\n'), ('cli/a.c', '#include "base/status.h"\n'),
           ('cli/commands/a.c', '#include "api/internal.h"\n'),
           ('cli/a.c', '#include "cli/pictures/a.h"\n'),
           ('graph/a.c', '#include <starpu.h>\n'), ('runtime/a.c', '#include <hdf5.h>\n'),
           ('api/a.c', '#  include <hwloc.h>\n'), ('kernel/a.c', '#include <cblas.h>\n'),
           ('operators/a.c', '#include <immintrin.h>\n'), ('platform/a.c', '#include <simde/a.h>\n'),
           ('tree/a.c', 'void f(void) { abort(); }\n'), ('tree/a.c', 'x = getenv ("A");\n'),
           ('tree/a.c', 'printf("a");\n'), ('tree/a.c', 'fputs(s, stderr);\n'),
           ('tree/a.c', 'p = malloc(3);\n'), ('tree/a.c', long_function),
           ('api/a.c', 'dagpole_status dagpole_f(int a,\n    int b) {\n    int c = a;\n}\n'),
           ('tree/a.c', '\n' * 501), ('tree/a.c', '/* TO' 'DO */\n')]
    good = [('tree/a.c', '#include "tree/b.h"\n#include "base/c.h"\n#include <stdio.h>\n'),
            ('tree/a.c', '/* abort() */ // exit(1)\nx = "printf()"; dp_abort(); o->exit(1);\n'),
            ('platform/env.c', 'x = getenv("A");\n'), ('base/memory.c', 'x = malloc(1);\n'),
            ('api/a.c', 'dagpole_status dagpole_f(int a) {\n    DP_DEFAULT_FLOATING;\n}\n'),
            ('api/a.c', 'dagpole_status dagpole_f(int a);\nvoid dagpole_g(int a) {\n}\n'),
            ('runtime/a.c', '#include <starpu.h>\n'), ('cli/a.c', '#include "cli/b.h"\nputs("");\n'),
            ('tree/a.c', long_function.replace('    a++;\n', '', 3)),
            ('tree/a.c', 'snprintf(a, 3, "x"); vsnprintf(a, 3, f, v);\n')]
    wrong = [f'not caught: {path}: {text[:60]!r}' for path, text in bad
             if not list(violations(path, text))]
    wrong += [f'wrongly caught: {path}: {message}' for path, text in good
              for message in violations(path, text)]
    circle = {'ops/a.c': '#include "ops/b.h"\n', 'ops/a.h': '', 'ops/b.h': '#include "ops/c.h"\n',
              'ops/c.h': '', 'ops/c.c': '#include "ops/c.h"\n#include "ops/a.h"\n'}
    if circles(circle) != [('ops/a', 'ops/b', 'ops/c')]:
        wrong.append(f'circles: {circles(circle)}')
    if circles({**circle, 'ops/c.c': '#include "ops/c.h"\n'}):
        wrong.append('a circle where there is none')
    if list(function_lengths(long_function)) != [('f', 102)]:
        wrong.append(f'lengths: {list(function_lengths(long_function))}')
    return wrong


messages = self_check() if sys.argv[1] == '--self' else check_tree(pathlib.Path(sys.argv[1]))
print('\n'.join(messages))
sys.exit(1 if messages else 0)
