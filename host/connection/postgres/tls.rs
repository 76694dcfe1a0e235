//! TLS as far as a DSN trusts the server. The crypto provider is named here: two are linked into the
//! program and the process default is not to be relied on.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::dsn::{Dsn, Roots, Tls};
use crate::model::source::{ErrorKind, SourceError};

/// What makes TLS sessions for a DSN. Reads certificate files: not for an async thread.
///
/// # Errors
/// `InvalidRequest` when the certificates of `sslrootcert` cannot be used.
pub fn connector(dsn: &Dsn) -> Result<MakeRustlsConnect, SourceError> {
    let provider = Arc::new(ring::default_provider());
    let check = match dsn.tls {
        Tls::VerifyFull => Check::ChainAndName,
        Tls::VerifyCa => Check::Chain,
        Tls::Disable | Tls::Allow | Tls::Prefer | Tls::Require => Check::Nothing,
    };
    let trusted = if check == Check::Nothing {
        Vec::new()
    } else {
        certificates(&dsn.roots)?
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let verifier = Verifier {
        provider: Arc::clone(&provider),
        check,
        roots,
        trusted,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| SourceError::new(ErrorKind::Other, "no version of TLS can be used"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // Needed by sslnegotiation=direct, ignored otherwise.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn certificates(roots: &Roots) -> Result<Vec<CertificateDer<'static>>, SourceError> {
    let (found, none) = match roots {
        Roots::System => (
            rustls_native_certs::load_native_certs().certs,
            "this host has no system certificates; install ca-certificates or name a file in sslrootcert",
        ),
        Roots::File(path) => (
            from_file(path)?,
            "the file of sslrootcert holds no certificate in PEM form",
        ),
    };
    if found.is_empty() {
        return Err(SourceError::new(ErrorKind::InvalidRequest, none));
    }
    Ok(found)
}

fn from_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, SourceError> {
    let unreadable = || {
        SourceError::new(
            ErrorKind::InvalidRequest,
            "the file of sslrootcert cannot be read",
        )
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|_| unreadable())?;
    certificates
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable())
}

/// How much of the server's certificate is checked. The handshake's signature always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    check: Check,
    roots: RootCertStore,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.check == Check::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        // A self-signed server certificate that is itself in sslrootcert is common with PostgreSQL and right
        // for libpq; webpki refuses an authority's certificate at this place.
        if !self.trusted.contains(end_entity) {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
        if self.check == Check::ChainAndName {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
