import { block, secret, text } from './fields.ts';
import { basicPasswordCheck, basicUserCheck, hostnameCheck, pemCheck, prometheusCheck } from './formats.ts';

const basicAuth = block(
  {
    username: text('User of Prometheus.', basicUserCheck),
    password: secret('Password of that user.', basicPasswordCheck),
  },
  'HTTP basic authentication.',
);

const tls = block(
  {
    ca: text(
      "Certificate authority of Prometheus, PEM; without it, the system's are trusted.",
      pemCheck('CERTIFICATE'),
    ).optional(),
    cert: text('Client certificate, PEM.', pemCheck('CERTIFICATE')).optional(),
    key: secret('Private key of that certificate, PEM.', pemCheck('PRIVATE KEY')).optional(),
    server_name: text(
      'Name to expect in the certificate of Prometheus, if not that of `addr`.',
      hostnameCheck,
    ).optional(),
  },
  'How both services trust Prometheus, and Prometheus them; with an `https://` address only.',
);

export const prometheus = block(
  {
    addr: text(
      'URL of Prometheus without a path, as the control-plane hosts and their containers reach it.',
      prometheusCheck,
    ),
    basic_auth: basicAuth.optional(),
    tls: tls.optional(),
  },
  'Prometheus for the monitoring pages: DP Manager writes to its remote-write receiver, the dashboard queries it.',
);
