"""What this image is: its version, and what is wrong with it on purpose, if anything."""


def told(name):
    try:
        with open(f'/opt/stand-in/{name}', encoding='utf-8') as file:
            return file.read().strip()
    except FileNotFoundError:
        return ''


VERSION = told('VERSION')
# never-ready: /status is 503 for ever; bad-routes: /status is fine, every route answers 502.
FAULT = told('FAULT')
