"""TLS contexts for both libraries: the real diesel takes pyOpenSSL's, the
replacement takes the standard library's.

certificate: the path of a PEM file; for a service the private key stands in it
too. A blocking test client uses the standard library on either side.
"""
import ssl
import sys

if sys.version_info[0] == 2:
    from OpenSSL import SSL

    def for_service(certificate):
        """Return the ssl_ctx of a Service."""
        context = SSL.Context(SSL.SSLv23_METHOD)
        context.use_privatekey_file(certificate)
        context.use_certificate_file(certificate)
        return context

    def for_client(certificate):
        """Return the ssl_ctx of a Client that trusts this certificate alone."""
        context = SSL.Context(SSL.SSLv23_METHOD)
        context.load_verify_locations(certificate)
        context.set_verify(SSL.VERIFY_PEER, lambda conn, cert, code, depth, ok: ok)
        return context

    def for_blocking_client(certificate):
        """Return the ssl.SSLContext of a plain client that does so too."""
        return ssl.create_default_context(cafile=certificate)
else:
    def for_service(certificate):
        """Return the ssl_ctx of a Service."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return context

    def for_client(certificate):
        """Return the ssl_ctx of a Client that trusts this certificate alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificate)
        return context

    for_blocking_client = for_client
