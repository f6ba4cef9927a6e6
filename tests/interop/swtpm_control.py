#!/usr/bin/env python3
"""A client of a TPM server's control channel, in swtpm's protocol, over UNIX sockets.

  swtpm_control.py migrate FROM TO     moves the running TPM as QEMU does: the three state blobs of FROM,
                                       SHUTDOWN there; STOP, the blobs, INIT that resumes on TO
  swtpm_control.py init|shutdown AT    power cycle, or end
  swtpm_control.py compare A B         sends both servers the same requests and prints where answers differ
"""
import socket
import struct
import sys

INIT, SHUTDOWN, GET_STATEBLOB, SET_STATEBLOB, STOP, SET_BUFFERSIZE = 0x02, 0x03, 0x0C, 0x0D, 0x0E, 0x11
NO_SUCH_BLOB = 0x800


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(path)
    return connection


def receive(connection, size):
    data = b''
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError(f'{len(data)} of {size} bytes')
        data += part
    return data


def simple(connection, command, payload=b'', size=4):
    connection.sendall(struct.pack('>I', command) + payload)
    reply = receive(connection, size)
    result = struct.unpack('>I', reply[:4])[0]
    if result:
        raise SystemExit(f'command {command:#x}: result {result:#x}')
    return reply


def get_blob(connection, kind):
    connection.sendall(struct.pack('>IIII', GET_STATEBLOB, 1, kind, 0))
    result, flags, total, length = struct.unpack('>IIII', receive(connection, 16))
    if result == NO_SUCH_BLOB:
        return b''
    if result or flags or total != length:
        raise SystemExit(f'blob {kind}: result {result:#x}, flags {flags}, {length} of {total} bytes')
    return receive(connection, length)


def set_blob(connection, kind, blob):
    connection.sendall(struct.pack('>IIII', SET_STATEBLOB, 0, kind, len(blob)))
    connection.sendall(blob)
    result = struct.unpack('>I', receive(connection, 4))[0]
    if result:
        raise SystemExit(f'blob {kind}: refused with {result:#x}')


def migrate(source_path, target_path):
    source, target = connect(source_path), connect(target_path)
    blobs = {kind: get_blob(source, kind) for kind in (1, 2, 3)}
    simple(source, SHUTDOWN)
    simple(target, STOP)
    simple(target, SET_BUFFERSIZE, struct.pack('>I', 0), 16)
    for kind, blob in blobs.items():
        if blob or kind != 3:
            set_blob(target, kind, blob)
    simple(target, INIT, struct.pack('>I', 1))
    print('blobs of', ', '.join(str(len(blob)) for blob in blobs.values()), 'bytes')


# Requests in the order in which they are sent, each on a connection of its own; a server that closes without a
# reply, or says nothing for two seconds, has answered so.
REQUESTS = [
    ('STOP', '0000000e'),
    ('STOP twice', '0000000e'),
    ('GET_TPMESTABLISHED, no power', '00000004'),
    ('HASH_START, no power', '00000006'),
    ('HASH_DATA, no power', '0000000700000001aa'),
    ('HASH_END, no power', '00000008'),
    ('CANCEL, no power', '00000009'),
    ('STORE_VOLATILE, no power', '0000000a'),
    ('RESET_TPMESTABLISHED, no power', '0000000b03'),
    ('GET_STATEBLOB, no power', '0000000c000000010000000100000000'),
    ('SET_BUFFERSIZE 0, no power', '0000001100000000'),
    ('SET_BUFFERSIZE 1, no power', '0000001100000001'),
    ('SET_BUFFERSIZE huge', '00000011ffffffff'),
    ('SET_BUFFERSIZE 0xf80', '0000001100000f80'),
    ('SET_BUFFERSIZE 4096', '0000001100001000'),
    ('SET_STATEBLOB, garbage', '0000000d000000000000000100000003aabbcc'),
    ('SET_STATEBLOB, type 9', '0000000d000000000000000900000003aabbcc'),
    ('INIT, long', '000000020000000000'),
    ('INIT, short', '000000020000'),
    ('INIT', '0000000200000000'),
    ('INIT twice', '0000000200000000'),
    ('GET_CONFIG', '0000000f'),
    ('GET_TPMESTABLISHED', '00000004'),
    ('GET_TPMESTABLISHED, long', '00000004ff'),
    ('SET_LOCALITY 4', '0000000504'),
    ('SET_LOCALITY 0, four bytes', '0000000500000000'),
    ('SET_LOCALITY 5', '0000000505'),
    ('SET_LOCALITY, empty', '00000005'),
    ('SET_BUFFERSIZE 4096, power', '0000001100001000'),
    ('SET_BUFFERSIZE 0, power', '0000001100000000'),
    ('SET_BUFFERSIZE, short', '000000110000'),
    ('SET_STATEBLOB, power', '0000000d000000000000000100000003aabbcc'),
    ('GET_STATEBLOB, type 0', '0000000c000000010000000000000000'),
    ('GET_STATEBLOB, type 3', '0000000c000000010000000300000000'),
    ('GET_STATEBLOB, type 4', '0000000c000000010000000400000000'),
    ('GET_STATEBLOB, past the end', '0000000c000000010000000100100000'),
    ('GET_STATEBLOB, short', '0000000c0000000100000001'),
    ('RESET_TPMESTABLISHED 2', '0000000b02'),
    ('RESET_TPMESTABLISHED 3', '0000000b03000000'),
    ('RESET_TPMESTABLISHED, empty', '0000000b'),
    ('HASH_START', '00000006'),
    ('HASH_DATA', '0000000700000003616263'),
    ('HASH_DATA, empty', '0000000700000000'),
    ('HASH_END', '00000008'),
    ('GET_TPMESTABLISHED, after HASH_END', '00000004'),
    ('CANCEL', '00000009'),
    ('STORE_VOLATILE', '0000000a'),
    ('SET_DATAFD without one', '00000010'),
    ('GET_INFO, nothing', '00000012' + '00' * 16),
    ('GET_INFO, specification', '00000012' + '00' * 7 + '01' + '00' * 8),
    ('GET_INFO, past the end', '00000012' + '00' * 8 + '00010000' + '00' * 4),
    ('GET_INFO, short', '00000012' + '00' * 12),
    ('unknown 0', '00000000'),
    ('unknown 0x99', '00000099'),
]


def ask(path, request):
    connection = connect(path)
    connection.settimeout(2)
    connection.sendall(bytes.fromhex(request))
    try:
        reply = connection.recv(65536).hex()
    except TimeoutError:
        reply = 'silence'
    except ConnectionResetError:
        reply = ''
    connection.close()
    return reply or 'closed'


# An error at full length and one in four bytes are the same; so are a short payload that is answered before the
# connection closes, and one that only closes it.
def alike(one, other):
    if one == other:
        return True
    if 'closed' in (one, other):
        return (other if one == 'closed' else one).rstrip('0') == '00000003'
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) == 8 and int(shorter, 16) != 0 and longer == shorter.ljust(len(longer), '0')


def compare(path_a, path_b):
    different = 0
    for name, request in REQUESTS:
        one, other = ask(path_a, request), ask(path_b, request)
        if not alike(one, other):
            different += 1
            print(f'{name}: {one[:80]} and {other[:80]}')
    print(f'{len(REQUESTS) - different} of {len(REQUESTS)} answers alike')
    return different


if __name__ == '__main__':
    if len(sys.argv) == 4 and sys.argv[1] == 'migrate':
        migrate(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == 'compare':
        sys.exit(1 if compare(*sys.argv[2:]) else 0)
    elif len(sys.argv) == 3 and sys.argv[1] == 'init':
        simple(connect(sys.argv[2]), INIT, struct.pack('>I', 0))
    elif len(sys.argv) == 3 and sys.argv[1] == 'shutdown':
        simple(connect(sys.argv[2]), SHUTDOWN)
    else:
        sys.exit(__doc__)
