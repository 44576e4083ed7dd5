//! TLS by rustls: the configuration, and the bytes of one connection.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{ring, verify_tls12_signature, verify_tls13_signature, CryptoProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::spec::Http;

/// The configuration of all TLS connections of a run.
///
/// Certificates are verified against the system's authorities (which `SSL_CERT_FILE` replaces) and `ca_file`;
/// `insecure` turns the verification off and nothing else.
pub fn configure(http: &Http) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let config = if http.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))).with_no_client_auth()
    } else {
        builder.with_root_certificates(authorities(http)?).with_no_client_auth()
    };
    Ok(Arc::new(config))
}

fn authorities(http: &Http) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    // A system without certificates is no error until a handshake needs one: then it is an unknown authority.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &http.ca_file {
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| format!("{path}: the authorities cannot be read: {error}; a PEM file is needed"))?;
        store.add_parsable_certificates(certificates);
    }
    Ok(store)
}

/// Accepts every certificate, but still checks that the peer holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// One TLS session; it holds no socket.
pub struct Session {
    connection: ClientConnection,
}

impl Session {
    pub fn new(config: Arc<ClientConfig>, host: &str) -> Result<Self, String> {
        let name = host.trim_start_matches('[').trim_end_matches(']').to_string();
        let name = ServerName::try_from(name).map_err(|_| format!("{host} is no name that a certificate can have"))?;
        let connection = ClientConnection::new(config, name).map_err(|error| error.to_string())?;
        Ok(Self { connection })
    }

    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Takes in bytes of the socket and appends what they decrypt to; true when the peer has ended the session.
    pub fn receive(&mut self, mut bytes: &[u8], plain: &mut Vec<u8>) -> Result<bool, Error> {
        let mut ended = false;
        while !bytes.is_empty() {
            if self.connection.read_tls(&mut bytes).is_err() {
                return Err(Error::General("more TLS bytes than a session may buffer".into()));
            }
            let state = self.connection.process_new_packets()?;
            ended |= state.peer_has_closed();
            let at = plain.len();
            plain.resize(at + state.plaintext_bytes_to_read(), 0);
            // Exactly the announced bytes are asked for, so the read neither blocks nor falls short.
            if self.connection.reader().read_exact(&mut plain[at..]).is_err() {
                return Err(Error::General("decrypted bytes are missing".into()));
            }
        }
        Ok(ended)
    }

    /// Encrypts a request; it waits inside the session until `flush`.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.connection.writer().write_all(bytes)
    }

    /// Whether encrypted bytes wait for the socket.
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Writes what waits to the socket; `WouldBlock` leaves the rest for the next call.
    pub fn flush(&mut self, socket: &mut impl Write) -> io::Result<()> {
        while self.connection.wants_write() {
            self.connection.write_tls(socket)?;
        }
        Ok(())
    }
}
