#!/usr/bin/env python3
"""Replays a TCG crypto-agile event log that a guest printed, and compares with the PCRs that it printed.

  replay_event_log.py CONSOLE       lines "PCR bank index hex", and base64 between "LOG BEGIN" and "LOG END"
"""
import base64
import hashlib
import struct
import sys

NAMES = {0x04: 'sha1', 0x0B: 'sha256', 0x0C: 'sha384', 0x0D: 'sha512'}
NO_ACTION = 3


def parse(log):
    """Yields (pcr, type, {bank: digest}) of each event behind the header."""
    size = struct.unpack_from('<I', log, 28)[0]  # the header is an event in the old form
    body = log[32:32 + size]
    assert body.startswith(b'Spec ID Event03\0'), 'not a crypto-agile log'
    at = 32 + size
    while at < len(log):
        pcr, kind, count = struct.unpack_from('<III', log, at)
        at += 12
        digests = {}
        for _ in range(count):
            name = NAMES[struct.unpack_from('<H', log, at)[0]]
            length = hashlib.new(name).digest_size
            digests[name] = log[at + 2:at + 2 + length]
            at += 2 + length
        at += 4 + struct.unpack_from('<I', log, at)[0]
        yield pcr, kind, digests


def main(path):
    with open(path, encoding='latin-1') as file:
        lines = [line.strip() for line in file]
    # The firmware's escape sequences may precede a line.
    printed = {}
    for line in lines:
        words = line[line.find('PCR '):].split() if 'PCR ' in line else []
        if len(words) == 4 and words[1] in NAMES.values():
            printed[words[1], int(words[2])] = words[3].lower()
    if 'LOG BEGIN' not in lines or 'LOG END' not in lines or not printed:
        print('no PCRs and no event log on the console')
        return 1
    log = base64.b64decode(''.join(lines[lines.index('LOG BEGIN') + 1:lines.index('LOG END')]))
    pcrs = {key: bytes(hashlib.new(key[0]).digest_size) for key in printed}
    events = 0
    for pcr, kind, digests in parse(log):
        events += 1
        for bank, digest in digests.items():
            if kind != NO_ACTION and (bank, pcr) in pcrs:
                pcrs[bank, pcr] = hashlib.new(bank, pcrs[bank, pcr] + digest).digest()
    wrong = [key for key, value in printed.items() if pcrs[key].hex() != value]
    blank = [key for key, value in printed.items() if not int(value, 16)]
    for bank, index in wrong:
        print(f'PCR {index} of {bank}: {printed[bank, index]}, the log says {pcrs[bank, index].hex()}')
    for bank, index in blank:
        print(f'PCR {index} of {bank} was never extended')
    print(f'{len(printed) - len(wrong)} of {len(printed)} PCRs replay from {events} events')
    return 1 if wrong or blank or not events else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
