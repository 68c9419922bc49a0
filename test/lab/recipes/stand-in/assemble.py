"""Fills /rootfs with python, nginx, busybox and only those modules and libraries that they load."""
import base64
import glob
import hashlib
import importlib
import os
import py_compile
import re
import shutil
import subprocess
import sys

ROOT = '/rootfs'
# Everything the stand-ins import, and what those import late.
MODULES = '''argparse email.message email.parser encodings.ascii encodings.idna encodings.latin_1 encodings.utf_8
  hashlib http.client http.server importlib.util json psycopg2 psycopg2.extensions queue selectors shutil signal
  socketserver ssl stringprep subprocess threading urllib.parse uuid warnings yaml'''.split()
PROGRAMS = ['/usr/bin/python3.11', '/usr/sbin/nginx', '/usr/lib/nginx/modules/ngx_stream_module.so']
APPLETS = 'sh cat ls env id kill ps sleep stat sha256sum wget grep tail head cp rm mkdir chmod hostname nc'.split()


def put(source, target=None, mode=None):
    target = ROOT + (target or source)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copymode(source, target)
    if mode is not None:
        os.chmod(target, mode)


def libraries(path):
    """The shared objects a binary needs, found as the loader finds them."""
    output = subprocess.run(['ldd', path], capture_output=True, text=True, check=False).stdout
    return re.findall(r'(/\S+) \(0x', output)


def compiled(source, target):
    # Checked by nothing and stamped with no time: the same bytes on every build.
    target = ROOT + target
    os.makedirs(os.path.dirname(target), exist_ok=True)
    py_compile.compile(source, target, doraise=True, optimize=2,
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


CA = '''[ca]
default_ca = own
[own]
database = /tmp/ca/index
new_certs_dir = /tmp/ca
serial = /tmp/ca/serial
default_md = default
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:localhost
'''


def self_signed(name):
    """A certificate that is no secret, and its key: the same ones on every build, for Ed25519 signs without chance."""
    seed = hashlib.sha256(f'stand-in {name}'.encode()).digest()
    # RFC 8410, section 7: what stands before the 32 bytes of the key.
    key = base64.b64encode(bytes.fromhex('302e020100300506032b657004220420') + seed).decode()
    os.makedirs('/tmp/ca', exist_ok=True)
    os.makedirs(f'{ROOT}/opt/stand-in', exist_ok=True)
    target = f'{ROOT}/opt/stand-in/{name}'
    for path, text in ((f'{target}.key', f'-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n'),
                       ('/tmp/ca/index', ''), ('/tmp/ca/serial', '01\n'), ('/tmp/ca/conf', CA)):
        with open(path, 'w', encoding='ascii') as file:
            file.write(text)
    openssl = ['openssl', 'req', '-new', '-key', f'{target}.key', '-subj', f'/CN={name}', '-out', '/tmp/ca/request']
    subprocess.run(openssl, check=True)
    subprocess.run(['openssl', 'ca', '-batch', '-notext', '-selfsign', '-config', '/tmp/ca/conf', '-keyfile',
                    f'{target}.key', '-in', '/tmp/ca/request', '-out', f'{target}.crt', '-startdate',
                    '20260101000000Z', '-enddate', '20560101000000Z'], check=True)


for name in MODULES:
    importlib.import_module(name)
shared = set()
for module in list(sys.modules.values()):
    path = getattr(module, '__file__', None)
    if not path or path == '/assemble.py':
        continue
    # Debian keeps its own packages elsewhere; the images have one place for all.
    target = path.replace('/usr/lib/python3/dist-packages', '/usr/lib/python3.11')
    if path.endswith('.py'):
        compiled(path, f'{target}c')
    elif path.endswith('.so'):
        put(path, target)
        shared.update(libraries(path))
for program in PROGRAMS:
    put(program)
    shared.update(libraries(program))
put('/usr/bin/busybox', '/bin/busybox')
for applet in APPLETS:
    os.symlink('busybox', f'{ROOT}/bin/{applet}')
for library in shared:
    put(library)
for name in ('libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'):
    for path in glob.glob(f'/lib/*-linux-gnu/{name}'):
        put(path)
for directory in ('etc', 'tmp', 'run', 'root', 'var'):
    os.makedirs(f'{ROOT}/{directory}', exist_ok=True)
os.chmod(f'{ROOT}/tmp', 0o1777)
with open(f'{ROOT}/etc/passwd', 'w', encoding='ascii') as file:
    file.write('root:x:0:0:root:/root:/bin/sh\napisix:x:636:636:apisix:/usr/local/apisix:/bin/sh\n')
with open(f'{ROOT}/etc/group', 'w', encoding='ascii') as file:
    file.write('root:x:0:\napisix:x:636:\n')
for name in sorted(os.listdir('/python')):
    if name.endswith('.py'):
        compiled(f'/python/{name}', f'/opt/stand-in/{name}c')
# For the dashboard's https and the gateways', until they are given another one.
self_signed('self-signed')
