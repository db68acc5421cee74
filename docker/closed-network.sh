# For networks without a way out: a further certificate authority (secret `ca`), and pip's own settings, such as
# the address and the password of a mirror (secret `pip`). Neither stays in an image.
if [ -s /run/secrets/ca ]; then
  cat /etc/ssl/certs/ca-certificates.crt /run/secrets/ca > /tmp/ca.pem
  export PIP_CERT=/tmp/ca.pem
fi
if [ -s /run/secrets/pip ]; then
  export PIP_CONFIG_FILE=/run/secrets/pip
fi
