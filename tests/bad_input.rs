//! Everything that an operator or a client can get wrong: each is a sentence that says what to do, under the right code,
//! without a secret in it, and the host serves the next job.

mod cases;

use serde_json::{Value, json};

use crate::harness::Host;
use cases::Told::{At, By};
use cases::cases;

/// Part of a password in `connections.json`: to be found nowhere.
const CANARY: &str = "canary7f3secret";

const SETUP: &str = "create table orders (id int primary key, price numeric(12,2), j json, x xml, at timestamptz, n text, arr int[], pt point);
    insert into orders values (1, 1, '{}', '<a/>', now(), 'n', '{1}', '(1,1)');
    create schema hidden; create table hidden.t (id int primary key);
    create table locked (id int primary key); create table half (id int primary key, secret int);
    create index on orders (price)";

async fn host() -> Host {
    let host =
        Host::start_with(&[("SLUICE_JOBS__MAX_ATTEMPTS", "1"), ("SLUICE_LOG", "debug")]).await;
    host.sql(SETUP).await;
    // Roles belong to the cluster, which other tests share.
    let role = format!("limited_{}", uuid::Uuid::now_v7().simple());
    host.sql(&format!(
        "create role {role} login password '{CANARY}'; grant select on orders to {role}; grant select (id) on half to {role}"
    ))
    .await;
    host.set_connections(&connections(&host, &role));
    host
}

fn connections(host: &Host, role: &str) -> Value {
    let change = |change: &dyn Fn(&mut url::Url)| {
        let mut url = url::Url::parse(host.source.dsn()).expect("a URL");
        change(&mut url);
        json!({"kind": "postgres", "dsn": url.as_str()})
    };
    // Nothing listens there any more when this returns.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("bound").port();
    json!({
        "src": {"kind": "postgres", "dsn": host.source.dsn()},
        "limited": change(&|url| {
            url.set_username(role).expect("a URL with a host");
            url.set_password(Some(CANARY)).expect("a URL with a host");
        }),
        "wrong_password": change(&|url| url.set_password(Some(CANARY)).expect("a URL with a host")),
        "no_role": change(&|url| url.set_username("nobody_of_that_name").expect("a URL with a host")),
        "no_database": change(&|url| url.set_path("/no_such_database")),
        "down": change(&|url| url.set_port(Some(port)).expect("a URL with a host")),
        "unknown_host": change(&|url| url.set_host(Some("no-such-host.invalid")).expect("a name")),
        "unset": {"kind": "postgres", "dsn": "postgres://u:${SLUICE_TEST_NEVER_SET}@127.0.0.1/d"},
        "broken": {"kind": "postgres", "dsn": format!("postgres://u:{CANARY}@127.0.0.1/d?sslmode=maybe")},
        "typo": {"kind": "postgres", "dns": format!("postgres://u:{CANARY}@127.0.0.1/d")},
        "other_kind": {"kind": "oracle", "dsn": format!("oracle://u:{CANARY}@127.0.0.1/d")},
    })
}

/// Puts the fields of `change` into `request`, one level deep.
fn changed(mut request: Value, change: &Value) -> Value {
    for (key, value) in change.as_object().expect("an object") {
        match value.as_object().filter(|_| key == "source") {
            Some(fields) => fields
                .iter()
                .for_each(|(field, value)| request[key][field] = value.clone()),
            None => request[key] = value.clone(),
        }
    }
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_told_with_what_to_do_and_no_secret() {
    let host = host().await;
    let kb = host.kb().await;
    let (mut seen, mut wrong) = (Vec::new(), Vec::new());
    for (n, (mistake, change, told, words)) in cases().into_iter().enumerate() {
        let request = changed(host.read(kb, &format!("t{n}"), "orders", "id"), &change);
        let reply = host.post(&host.connector_path("/jobs"), request).await;
        let (answer, detail, fits) = match (told, reply.json["job_id"].as_str()) {
            (At(status, code), _) => {
                let fits = reply.status == status && reply.json["code"] == code;
                (reply.json.clone(), reply.json.to_string(), fits)
            }
            (By(..), None) => (reply.json, String::new(), false),
            (By(code, failure), Some(id)) => {
                let job = host.ended(id).await;
                let error = &job["error"];
                let fits = job["state"] == "failed"
                    && error["code"] == code
                    && error["failure"] == failure;
                (
                    job.clone(),
                    error["detail"].as_str().unwrap_or_default().to_owned(),
                    fits,
                )
            }
        };
        let unescaped = detail.replace("\\\"", "\"");
        let missing: Vec<_> = words
            .iter()
            .filter(|word| !unescaped.contains(**word))
            .collect();
        if !fits || !missing.is_empty() {
            wrong.push(format!("{mistake}: missing {missing:?} in {answer}"));
        }
        seen.push(answer.to_string());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for path in [
        "/browse/connections",
        "/browse/tables?connection_ref=wrong_password",
        "/jobs",
    ] {
        seen.push(host.get(&host.connector_path(path)).await.json.to_string());
    }
    seen.push(host.process.log());
    let password = url::Url::parse(host.source.dsn()).expect("a URL");
    let password = password.password().expect("the cluster asks for one");
    for text in &seen {
        assert!(
            !text.contains(CANARY) && !text.contains(password),
            "a secret is in {text}"
        );
    }
    let job = host.job(host.read(kb, "good", "orders", "id")).await;
    assert_eq!(
        job["state"], "completed",
        "the host serves the next job: {job}"
    );
    // No mistake has left a table.
    let path = format!("/orgs/{}/k2/{kb}", host.org);
    assert_eq!(host.get(&path).await.json["table_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_login_may_read_it_can_read() {
    let host = host().await;
    let kb = host.kb().await;
    let change = json!({"source": {"connection_ref": "limited", "columns": ["id"]}});
    for table in ["orders", "half"] {
        let job = host
            .job(changed(host.read(kb, table, table, "id"), &change))
            .await;
        assert_eq!(job["state"], "completed", "{job}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connections_file_is_said_and_mended_without_a_restart() {
    let host = host().await;
    let kb = host.kb().await;
    let good = std::fs::read(host.data.path().join("connections.json")).expect("readable");
    let broken = format!(
        "{{\"src\": {{\"kind\": \"postgres\",\n \"dsn\": \"postgres://u:{CANARY}@h/d\",,}}}}"
    );
    for (text, word) in [
        (broken.as_str(), "line 2"),
        ("[]", "not an object"),
        ("", "line 1"),
    ] {
        std::fs::write(host.data.path().join("connections.json"), text).expect("writable");
        let reply = host
            .post(
                &host.connector_path("/jobs"),
                host.read(kb, "t", "orders", "id"),
            )
            .await;
        assert_eq!(
            (reply.status, &reply.json["code"]),
            (422, &json!("connection_not_found"))
        );
        assert!(
            reply.json["detail"]
                .as_str()
                .expect("a sentence")
                .contains(word),
            "{}",
            reply.json
        );
        assert!(!reply.json.to_string().contains(CANARY), "{}", reply.json);
        assert_eq!(host.get("/livez").await.status, 200);
    }
    std::fs::remove_file(host.data.path().join("connections.json")).expect("ours");
    let reply = host
        .post(
            &host.connector_path("/jobs"),
            host.read(kb, "t", "orders", "id"),
        )
        .await;
    assert_eq!(
        (reply.status, &reply.json["code"]),
        (422, &json!("connection_not_found")),
        "{}",
        reply.json
    );
    std::fs::write(host.data.path().join("connections.json"), good).expect("writable");
    let job = host.job(host.read(kb, "t", "orders", "id")).await;
    assert_eq!(job["state"], "completed", "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_plugin_file_harms_no_other() {
    let mut host = host().await;
    let plugins = host.data.path().join("plugins");
    std::fs::create_dir_all(&plugins).expect("writable");
    std::fs::write(plugins.join("broken.wasm"), b"this is no component").expect("writable");
    std::fs::write(plugins.join("module.wasm"), b"\0asm\x01\0\0\0").expect("writable");
    std::fs::write(plugins.join("empty.wasm"), b"").expect("writable");
    host.crash_and_restart(&[]);
    let kb = host.kb().await;
    let job = host.job(host.read(kb, "t", "orders", "id")).await;
    assert_eq!(job["state"], "completed", "{job}");
    let log = host.process.log();
    for file in ["broken.wasm", "module.wasm", "empty.wasm"] {
        assert!(log.contains(file), "nothing is said about {file}: {log}");
    }
}
