#!/usr/bin/env python3
"""Every kernel beside Laplace's, as a table: python3 perf/kernels.py [TOOL] [options]

Runs the tool (build/dagpole) for each cloud, kernel and number of digits, with an empty cache of operators,
again with what is in it then, and a third time with gradients, which are verified with the potentials. An entry
of the table is "multiple; seconds (times), share; cold, cached":
  multiple  the larger error, of potentials or gradients, over what the digits promise
  seconds   the best of the evaluations of potentials, and how many times Laplace's that is
  share     of the time of the last evaluation's tasks that is arithmetic: the line "all" of `run --roof`
  cold      seconds for the operators, built, and read from the cache
Ends with 1 where a multiple is above 1. Wavelengths are along the cloud; charges of a lattice alternate.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

# Name, charges that `generate` draws, options of `run` for a cloud that is so wide.
KERNELS = {
    'laplace': ('mixed', lambda width: []),
    'laplace, dipoles': ('dipoles', lambda width: []),
    'yukawa': ('mixed', lambda width: ['--kernel', 'yukawa', '--lambda', 5 / width]),
    'helmholtz, 1 wavelength': ('complex', lambda width: helmholtz(1 / width)),
    'helmholtz, 5 wavelengths': ('complex', lambda width: helmholtz(5 / width)),
    'stokes, forces': ('forces', lambda width: ['--kernel', 'stokes']),
    'stokes, stresslets': ('stresslets', lambda width: ['--kernel', 'stokes']),
}
# Of a cloud of n points.
WIDTHS = {'cube': lambda n: 1, 'sphere': lambda n: 2, 'lattice': lambda n: n ** (1 / 3)}


def helmholtz(wavelengths):
    return ['--kernel', 'helmholtz', '--wave-number', 2 * math.pi * wavelengths]


class Refused(Exception):
    pass


def call(tool, *arguments):
    """What the tool prints as JSON."""
    ended = subprocess.run([tool, *map(str, arguments), '--json'], capture_output=True, text=True)
    if ended.returncode != 0:
        raise Refused(ended.stderr.strip())
    return json.loads(ended.stdout)


def multiple_of(errors, digits):
    """Gradients have a digit less."""
    worst = max(errors['promised_error'], errors['gradients']['promised_error'] / 10)
    return worst * 10**digits


def share_of(operators):
    """All operators together."""
    return sum(x['roof_s'] for x in operators.values()) / sum(x['seconds'] for x in operators.values())


def measure(o, place, cloud, kernel, digits):
    charges, options = KERNELS[kernel]
    if cloud == 'lattice' and charges in ('mixed', 'complex'):
        charges = 'alternating'
    points, results, cache = (os.path.join(place, name) for name in ('points.h5', 'results.h5', 'cache'))
    call(o.tool, 'generate', points, '--distribution', cloud, '--n', o.n, '--charges', charges)
    run = ['run', points, '--digits', digits, '--cache', cache, *options(WIDTHS[cloud](float(o.n)))]
    if o.threads:
        run += ['--threads', o.threads]
    cold = call(o.tool, *run)
    cached = call(o.tool, *run, '--repeat', o.repeat, '--roof')
    call(o.tool, *run, '--gradients', '--output', results)
    errors = call(o.tool, 'verify', results, '--samples', o.samples)
    return {'cloud': cloud, 'kernel': kernel, 'digits': digits, 'multiple': multiple_of(errors, digits),
            'evaluate_s': cached['evaluate_best_s'], 'roof_share': share_of(cached['arithmetic']['operators']),
            'operators_cold_s': cold['setup_s']['operators'], 'operators_cached_s': cached['setup_s']['operators']}


def entry(row, of_laplace):
    if 'refused' in row:
        return 'refused'
    times = '' if of_laplace is None else f" ({row['evaluate_s'] / of_laplace:.1f})"
    return (f"{row['multiple']:.2g}; {row['evaluate_s']:.2g} s{times}, {100 * row['roof_share']:.0f} %; "
            f"{row['operators_cold_s']:.2g}, {row['operators_cached_s']:.2g} s")


def measure_all(o):
    """Rows by cloud, kernel and digits, told while they come on stderr."""
    rows = {}
    for cloud in o.clouds.split(','):
        for kernel in o.kernels.split(';'):
            for digits in map(int, o.digits.split(',')):
                with tempfile.TemporaryDirectory() as place:
                    try:
                        row = measure(o, place, cloud, kernel, digits)
                    except Refused as refusal:
                        row = {'cloud': cloud, 'kernel': kernel, 'digits': digits, 'refused': str(refusal)}
                rows[cloud, kernel, digits] = row
                print(json.dumps(row), file=sys.stderr)
    return rows


def print_table(o, rows):
    digits = o.digits.split(',')
    print('| |', ' | '.join(f'{d} digits' for d in digits), '|')
    print('|' + '---|' * (len(digits) + 1))
    for (cloud, kernel) in dict.fromkeys(key[:2] for key in rows):
        print(f'| {kernel}, {cloud}', end=' |')
        for d in map(int, digits):
            laplace = rows.get((cloud, 'laplace', d), {}).get('evaluate_s')
            print('', entry(rows[cloud, kernel, d], laplace), end=' |')
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('tool', nargs='?', default='build/dagpole')
    parser.add_argument('--n', default='1e5')
    parser.add_argument('--digits', default='3,6,9,12')
    parser.add_argument('--clouds', default='cube,sphere,lattice', help=f"of {', '.join(WIDTHS)}")
    parser.add_argument('--kernels', default=';'.join(KERNELS), help=f"parted by ;, of {'; '.join(KERNELS)}")
    parser.add_argument('--threads', help='workers [every core]')
    parser.add_argument('--repeat', default=5, help='evaluations [5]')
    parser.add_argument('--samples', default=1000, help='targets that are verified [1000]')
    o = parser.parse_args()
    rows = measure_all(o)
    print_table(o, rows)
    sys.exit(any(row.get('multiple', 0) > 1 for row in rows.values()))


main()
