//! From the first byte to LOGINACK ([MS-TDS] 3.3.5.1 to 3.3.5.5).

use std::io;
use std::sync::Arc;

use crate::database::Database;
use crate::error::SqlError;
use crate::faults::Effect;
use crate::log::Login;
use crate::server::Shared;
use crate::wire::login7::{self, Login7};
use crate::wire::packet::{FIRST_SIZE, LOGIN7, PRELOGIN};
use crate::wire::prelogin::{self, Encryption};
use crate::wire::reply::Reply;
use crate::wire::tokens::{self, Done};

pub struct Accepted {
    pub log: Login,
    pub database: Arc<Database>,
    pub packet_size: usize,
}

/// None if the client was turned away. Of an accepted login, the answer is still to be sent.
pub fn accept(shared: &Shared, reply: &mut Reply) -> io::Result<Option<Accepted>> {
    // A client of TDS 8.0 begins with TLS, not with PRELOGIN. This server does not speak it.
    if reply.stream().first_byte()? != PRELOGIN {
        return Ok(None);
    }
    let (_, payload) = reply.stream().message()?;
    let (answer, encryption) = prelogin::decide(shared.options.tls, prelogin::wanted(&payload));
    reply.stream().write_all(&prelogin::answer(answer))?;
    match (encryption, &shared.tls) {
        (Encryption::Refused, _) => return Ok(None),
        (Encryption::Login | Encryption::Everything, Some(config)) => {
            reply.stream().handshake(config.clone())?;
        }
        _ => {}
    }
    let (kind, payload) = reply.stream().message()?;
    if kind != LOGIN7 {
        return Ok(None);
    }
    let encrypted_login = reply.stream().is_encrypted();
    if encryption == Encryption::Login {
        reply.stream().end_encryption();
    }
    let login = login7::parse(&payload).map_err(io::Error::other)?;
    match check(shared, &login) {
        Err(error) => {
            tokens::error(&mut reply.tokens, &error);
            tokens::done(&mut reply.tokens, Done::Statement, tokens::ERROR, 0);
            reply.finish()?;
            Ok(None)
        }
        Ok(Checked::Elsewhere { host, port }) => {
            acknowledge(reply, "master", login.packet_size);
            tokens::route(&mut reply.tokens, &host, port);
            tokens::done(&mut reply.tokens, Done::Statement, 0, 0);
            shared.log().logins.push(entry(
                &login,
                shared.next_session(),
                "master",
                encrypted_login,
                reply,
            ));
            reply.finish()?;
            Ok(None)
        }
        Ok(Checked::Here(database)) => {
            acknowledge(reply, &database.name, login.packet_size);
            tokens::done(&mut reply.tokens, Done::Statement, 0, 0);
            let log = entry(
                &login,
                shared.next_session(),
                &database.name,
                encrypted_login,
                reply,
            );
            Ok(Some(Accepted {
                log,
                database,
                packet_size: login.packet_size,
            }))
        }
    }
}

enum Checked {
    Here(Arc<Database>),
    Elsewhere { host: String, port: u16 },
}

fn check(shared: &Shared, login: &Login7) -> Result<Checked, SqlError> {
    let mut route = None;
    match shared.faults.of_login(login.read_only) {
        Some(Effect::SlowLogin(pause)) => shared.pause(pause),
        Some(Effect::RefuseLogin(error)) => return Err(error),
        Some(Effect::Route { to, .. }) => route = Some(to),
        _ => {}
    }
    let options = &shared.options;
    if login.user.is_empty() && login.password.is_empty() {
        return Err(SqlError::numbered(18452));
    }
    if !login.user.eq_ignore_ascii_case(&options.user) || login.password != options.password {
        return Err(SqlError::login_failed(&login.user));
    }
    if let Some(to) = route {
        return Ok(Checked::Elsewhere {
            host: to.ip().to_string(),
            port: to.port(),
        });
    }
    let database = match login.database.as_str() {
        "" => shared.databases.first(),
        name => shared.database(name),
    };
    database
        .cloned()
        .map(Checked::Here)
        .ok_or_else(|| SqlError::no_database(&login.database))
}

fn acknowledge(reply: &mut Reply, database: &str, packet_size: usize) {
    let out = &mut reply.tokens;
    tokens::changed(out, 1, database, "master");
    tokens::collation(out);
    tokens::info(
        out,
        5701,
        &format!("Changed database context to '{database}'."),
    );
    tokens::login_ack(out);
    tokens::changed(out, 4, &packet_size.to_string(), &FIRST_SIZE.to_string());
}

fn entry(
    login: &Login7,
    session: i16,
    database: &str,
    encrypted_login: bool,
    reply: &Reply,
) -> Login {
    Login {
        session,
        user: login.user.clone(),
        host: login.host.clone(),
        program: login.program.clone(),
        server: login.server.clone(),
        database: database.to_string(),
        packet_size: login.packet_size,
        read_only: login.read_only,
        encrypted_login,
        encrypted: reply.stream().is_encrypted(),
    }
}
