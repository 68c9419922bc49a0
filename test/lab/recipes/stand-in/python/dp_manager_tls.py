"""Mutual TLS of dp-manager: who it is, which gateways it lets in, and to which group each of them belongs."""
import os
import ssl
import threading

from http_service import context_of, own_certificate


class Identity:
    """Shows the certificate in server.tls, else that of the control plane; lets in whom the control plane's CA knows."""

    def __init__(self, settings):
        self.own = own_certificate(settings)
        if self.own:
            context_of(*self.own)
        self.lock, self.context, self.made_of = threading.Lock(), None, None

    def context_for(self, known):
        """The TLS context for what the database holds now, None while it holds nothing."""
        with self.lock:
            if known and known != self.made_of:
                context = context_of(*self.own) if self.own else built_in(known)
                context.load_verify_locations(cadata=known['ca'])
                context.verify_mode = ssl.CERT_REQUIRED
                self.context, self.made_of = context, known
            return self.context if known else None


def built_in(known):
    # The ssl module reads a key from files only.
    for name in ('certificate', 'private_key'):
        with open(f'/run/{name}', 'w', encoding='ascii', opener=only_ours) as file:
            file.write(known[name])
    return context_of('/run/certificate', '/run/private_key')


def only_ours(path, flags):
    return os.open(path, flags, 0o600)


def group_in(certificate):
    """The gateway group that the subject of a certificate names."""
    names = dict(pair for part in certificate.get('subject', ()) for pair in part)
    return names.get('organizationalUnitName')
