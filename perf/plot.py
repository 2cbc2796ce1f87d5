"""Draws what the programs of perf/ print with --json, as SVG.

    plot.py FILE.json OUT.svg

  operators  roof shares of the operators as bars, one group per cloud and digits
  scaling    evaluation and set-up over the number of points, logarithmic
  full       evaluation over digits, one line per cloud; targets as open circles where there are any
  accuracy   worst multiple of the promise over digits, one line per cloud
"""
import json
import math
import sys

WIDTH, HEIGHT = 900, 480
LEFT, RIGHT, TOP, BOTTOM = 80, 200, 40, 60
COLOURS = ['#1b6ca8', '#d1495b', '#2e8b57', '#e09f3e', '#7b4fa3', '#4a4e69', '#00a6a6', '#8d5524',
           '#c71585', '#708238']


def escape(text):
    return str(text).replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')


class Picture:
    """An SVG with a title; coordinates in pixels, y downwards."""

    def __init__(self, title, width=WIDTH):
        self.width = width
        self.items = []
        self.text(width / 2, 22, title, anchor='middle', size=16)

    def text(self, x, y, text, anchor='start', size=12, colour='#222', turn=0):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ''
        self.items.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
                          f'font-size="{size}" fill="{colour}"{turned}>{escape(text)}</text>')

    def line(self, points, colour, width=2, dashes=''):
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        dash = f' stroke-dasharray="{dashes}"' if dashes else ''
        self.items.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                          f'stroke-width="{width}"{dash}/>')

    def dot(self, x, y, colour, is_open=False):
        self.items.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" stroke="{colour}" '
                          f'fill="{"white" if is_open else colour}"/>')

    def bar(self, x, y, width, height, colour, hint):
        self.items.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{height:.1f}" fill="{colour}"><title>{escape(hint)}</title>'
                          '</rect>')

    def legend(self, names):
        for i, name in enumerate(names):
            y = TOP + 16 * i + 8
            self.bar(self.width - RIGHT + 16, y - 9, 10, 10, COLOURS[i % len(COLOURS)], name)
            self.text(self.width - RIGHT + 32, y, name)

    def write(self, path):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" '
                       f'height="{HEIGHT}" viewBox="0 0 {self.width} {HEIGHT}" '
                       'font-family="sans-serif">\n'
                       '<rect width="100%" height="100%" fill="white"/>\n')
            file.write('\n'.join(self.items) + '\n</svg>\n')


class Axis:
    """Values to pixels, linear or logarithmic."""

    def __init__(self, values, begin, end, is_log):
        self.is_log = is_log
        low, high = min(values), max(values)
        if is_log:
            low, high = math.floor(math.log10(low)), math.ceil(math.log10(high))
        self.low, self.high = low, high if high > low else low + 1
        self.begin, self.end = begin, end

    def __call__(self, value):
        value = math.log10(value) if self.is_log else value
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)

    def decades(self):
        return [10.0 ** e for e in range(self.low, self.high + 1)]


def frame(picture, x, y, x_ticks, x_label, y_label):
    right, bottom = picture.width - RIGHT, HEIGHT - BOTTOM
    for value in y.decades():
        picture.line([(LEFT, y(value)), (right, y(value))], '#ddd', 1)
        picture.text(LEFT - 8, y(value) + 4, f'{value:g}', anchor='end')
    for value in x_ticks:
        picture.line([(x(value), TOP), (x(value), bottom)], '#eee', 1)
        picture.text(x(value), bottom + 18, f'{value:g}', anchor='middle')
    picture.line([(LEFT, TOP), (LEFT, bottom), (right, bottom)], '#222', 1)
    picture.text((LEFT + right) / 2, HEIGHT - 16, x_label, anchor='middle')
    picture.text(20, (TOP + bottom) / 2, y_label, anchor='middle', turn=-90)


def draw_lines(title, series, x_log, x_label, y_label, marks=()):
    """series: (name, [(x, y)]); marks: (index of the series, x, y), drawn as open circles."""
    picture = Picture(title)
    xs = [x for _, points in series for x, _ in points]
    ys = [y for _, points in series for _, y in points] + [y for _, _, y in marks]
    x = Axis(xs, LEFT + 10, WIDTH - RIGHT - 10, x_log)
    y = Axis(ys, HEIGHT - BOTTOM, TOP, True)
    frame(picture, x, y, x.decades() if x_log else sorted(set(xs)), x_label, y_label)
    for i, (_, points) in enumerate(series):
        at = [(x(a), y(b)) for a, b in points]
        picture.line(at, COLOURS[i % len(COLOURS)], dashes='6 4' if i >= len(COLOURS) else '')
        for a, b in at:
            picture.dot(a, b, COLOURS[i % len(COLOURS)])
    for i, a, b in marks:
        picture.dot(x(a), y(b), COLOURS[i % len(COLOURS)], is_open=True)
    picture.legend([name for name, _ in series])
    return picture


def draw_operators(data):
    cases = [c for c in data['cases'] if c['operators']]
    names = list(dict.fromkeys(op for c in cases for op in c['operators']))
    group = 14 * len(names) + 30
    picture = Picture(f'Operators on one core: share of the roof ({data["instruction_set"]})',
                      LEFT + RIGHT + group * len(cases))
    bottom, height = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    for percent in range(0, 101, 20):
        y = bottom - height * percent / 100
        picture.line([(LEFT, y), (picture.width - RIGHT, y)], '#ddd', 1)
        picture.text(LEFT - 8, y + 4, f'{percent} %', anchor='end')
    for i, case in enumerate(cases):
        left = LEFT + group * i + 15
        for k, op in enumerate(names):
            if op in case['operators']:
                share = case['operators'][op]['roof_share']
                drawn = height * min(share, 1)
                picture.bar(left + 14 * k, bottom - drawn, 12, drawn, COLOURS[k % len(COLOURS)],
                            f'{op}: {100 * share:.1f} %')
        picture.text(left + 7 * len(names), bottom + 18,
                     f'{case["distribution"]}, {case["digits"]} digits', anchor='middle')
    picture.legend(names)
    return picture


def draw_scaling(data):
    points = data['points']
    series = [('evaluate', [(p['n'], p['evaluate_s']['median']) for p in points]),
              ('set-up', [(p['n'], p['setup_s']['median']) for p in points])]
    return draw_lines(f'Seconds over N: {data["distribution"]}, {points[0]["digits"]} digits, '
                      f'{points[0]["threads"]} workers', series, True, 'points', 'seconds')


def draw_full(data):
    names = list(dict.fromkeys((c['distribution'], c['n']) for c in data['cases']))
    series, marks = [], []
    for i, (cloud, n) in enumerate(names):
        cases = [c for c in data['cases'] if (c['distribution'], c['n']) == (cloud, n)]
        series.append((f'{cloud}, {n:g}', [(c['digits'], c['scaled_s']) for c in cases]))
        marks += [(i, c['digits'], c['target_s']) for c in cases if c.get('target_s')]
    return draw_lines('One evaluation over digits, scaled to 127 GFlop/s a core', series, False,
                      'digits', 'seconds', marks)


def draw_accuracy(data):
    """The worst multiple of the promise over charges, sizes, leaves and instruction sets."""
    cases = data['cases']
    digits = sorted({c['digits'] for c in cases})
    series = [('promised', [(d, 1.0) for d in digits])]
    for cloud in dict.fromkeys(c['distribution'] for c in cases):
        worst = [(d, max(max(c['potential_multiple'], c['gradient_multiple'], 1e-3)
                         for c in cases if c['distribution'] == cloud and c['digits'] == d))
                 for d in digits]
        series.append((cloud, worst))
    sizes = ', '.join(f'{n:g}' for n in sorted({c['n'] for c in cases}))
    return draw_lines(f'Errors as multiples of the promise: {data["kernel"]}, N = {sizes}', series,
                      False, 'digits', 'worst of potentials and gradients')


DRAWERS = {'operators': draw_operators, 'scaling': draw_scaling, 'full': draw_full,
           'accuracy': draw_accuracy}


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ('-h', '--help'):
        print(__doc__)
        return 0 if '--help' in sys.argv or '-h' in sys.argv else 2
    with open(sys.argv[1], encoding='utf-8') as file:
        data = json.load(file)
    if data.get('program') not in DRAWERS:
        print(f'plot.py: {sys.argv[1]} is of program {data.get("program")!r}; drawn are '
              f'{", ".join(DRAWERS)}', file=sys.stderr)
        return 1
    DRAWERS[data['program']](data).write(sys.argv[2])
    return 0


if __name__ == '__main__':
    sys.exit(main())
