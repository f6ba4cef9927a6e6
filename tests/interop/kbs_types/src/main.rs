//! Reads lines "KIND<tab>BODY" and takes each body for what it is said to be. What a broker sends
//! must come out of the types again byte for byte; of a client's evidence, which is any JSON, the
//! values must.
use std::io::BufRead;

use kbs_types::{Attestation, Challenge, ErrorInformation, Request, Response};
use serde::{de::DeserializeOwned, Serialize};
use serde_json::Value;

fn again<T: DeserializeOwned + Serialize>(body: &str) -> Result<String, String> {
    let value: T = serde_json::from_str(body).map_err(|error| error.to_string())?;
    serde_json::to_string(&value).map_err(|error| error.to_string())
}

fn same_bytes<T: DeserializeOwned + Serialize>(body: &str) -> Result<(), String> {
    let out = again::<T>(body)?;
    if out == body {
        Ok(())
    } else {
        Err(format!("comes out as {out}"))
    }
}

fn same_values<T: DeserializeOwned + Serialize>(body: &str) -> Result<(), String> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
    let mut out = parse(&again::<T>(body)?)?;
    let mut wanted = parse(body)?;
    // Left out and null are the same to the types.
    for value in [&mut out, &mut wanted] {
        if value["init-data"].is_null() {
            value.as_object_mut().map(|object| object.remove("init-data"));
        }
    }
    if out == wanted {
        Ok(())
    } else {
        Err(format!("comes out as {out}"))
    }
}

fn check(kind: &str, body: &str) -> Result<(), String> {
    match kind {
        "request" => same_bytes::<Request>(body),
        "challenge" => same_bytes::<Challenge>(body),
        "attestation" => same_values::<Attestation>(body),
        "response" => same_bytes::<Response>(body),
        "error" => same_bytes::<ErrorInformation>(body),
        _ => Err("unknown kind".to_string()),
    }
}

fn main() {
    let (mut good, mut bad) = (0, 0);
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input is text");
        let (kind, body) = line.split_once('\t').unwrap_or((&line, ""));
        match check(kind, body) {
            Ok(()) => good += 1,
            Err(why) => {
                bad += 1;
                println!("{kind}: {body}: {why}");
            }
        }
    }
    println!("kbs-types: {good} bodies read, {bad} not");
    std::process::exit(i32::from(bad > 0 || good == 0));
}
