"""Reads a mounted YAML file. Every mistake is one sentence naming the key."""
import yaml


class BadSettings(Exception):
    pass


def load(path):
    try:
        with open(path, encoding='utf-8') as file:
            value = yaml.safe_load(file)
    except OSError as error:
        raise BadSettings(f'cannot read {path}: {error.strerror}') from error
    except yaml.YAMLError as error:
        mark = getattr(error, 'problem_mark', None)
        where = f':{mark.line + 1}:{mark.column + 1}' if mark else ''
        raise BadSettings(f'{path}{where}: {getattr(error, "problem", None) or "not YAML"}') from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadSettings(f'{path}: expected a mapping at the top')
    return value


def at(settings, dotted, kind, default):
    value = settings
    for key in dotted.split('.'):
        if value is None:
            return default
        if not isinstance(value, dict):
            raise BadSettings(f'{dotted}: "{key}" stands below something that is not a mapping')
        value = value.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        wanted = ' or '.join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        raise BadSettings(f'{dotted}: expected {wanted}, found {type(value).__name__}')
    return value


def port_at(settings, dotted, default):
    port = at(settings, dotted, int, default)
    if not 0 < port < 65536:
        raise BadSettings(f'{dotted}: {port} is not a port')
    return port


def seconds_at(settings, dotted, default):
    text = str(at(settings, dotted, (int, str), default))
    scale = {'s': 1, 'm': 60, 'h': 3600}.get(text[-1:])
    number = text[:-1] if scale else text
    if not number.isdigit():
        raise BadSettings(f'{dotted}: "{text}" is not a duration such as 240s')
    return int(number) * (scale or 1)
