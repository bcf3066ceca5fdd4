//! A spawn request as JavaScript gives it, turned into the one the process crate takes. No defaults, no checks beyond
//! what the types need: both were done before.

use napi::bindgen_prelude::ClassInstance;
use napi_derive::napi;
use process::{Launch, Source};
use protocol::{Containment, NEVER};

use crate::endpoint::JsEndpoint;

/// One of the descriptors 0, 1 and 2.
#[napi(object, object_to_js = false)]
pub struct JsStdio<'env> {
    pub kind: String,
    pub fd: Option<i32>,
    pub path: Option<String>,
    pub append: Option<bool>,
    pub tail: Option<u32>,
    pub endpoint: Option<ClassInstance<'env, JsEndpoint>>,
    pub link: Option<u32>,
}

/// One spawn.
#[napi(object, object_to_js = false)]
pub struct JsRequest<'env> {
    pub file: String,
    pub argv: String,
    pub env: String,
    pub unset: String,
    pub inherit_env: bool,
    pub cwd: String,
    pub stdin: JsStdio<'env>,
    pub stdout: JsStdio<'env>,
    pub stderr: JsStdio<'env>,
    pub containment: u32,
    pub detached: bool,
    pub leftovers: u32,
    pub kill_signal: u32,
    pub kill_timeout_ms: f64,
    pub pipe_size: u32,
    pub read_ahead: u32,
    pub foreground: bool,
}

impl From<JsStdio<'_>> for Source {
    fn from(stdio: JsStdio<'_>) -> Self {
        match stdio.kind.as_str() {
            "pipe" => Self::Pipe,
            "fd" => Self::Descriptor(process::duplicate(stdio.fd.unwrap_or(-1))),
            "file" => Self::File {
                path: stdio.path.unwrap_or_default().into(),
                append: stdio.append.unwrap_or(false),
            },
            "tail" => Self::Tail(stdio.tail.unwrap_or(0) as usize),
            "stdout" => Self::SameAsStdout,
            "endpoint" => Self::Descriptor(process::take_over(
                stdio.endpoint.and_then(|endpoint| endpoint.inner.take()),
            )),
            "link" => Self::Link(stdio.link.unwrap_or(0)),
            _ => Self::Null,
        }
    }
}

impl From<JsRequest<'_>> for Launch {
    fn from(request: JsRequest<'_>) -> Self {
        Self {
            file: request.file.into(),
            argv: request.argv.into(),
            env: request.env.into(),
            unset: request.unset.into(),
            inherited: request.inherit_env.then(process::snapshot_environ),
            cwd: request.cwd.into(),
            stdio: [request.stdin.into(), request.stdout.into(), request.stderr.into()],
            containment: match request.containment {
                0 => Containment::None,
                1 => Containment::Group,
                _ => Containment::Tree,
            },
            detached: request.detached,
            kill_on_exit: request.leftovers == 1,
            kill_signal: signal(request.kill_signal),
            kill_timeout_ms: milliseconds(request.kill_timeout_ms),
            pipe_size: request.pipe_size as usize,
            read_ahead: request.read_ahead as usize,
            foreground: request.foreground,
        }
    }
}

pub(crate) fn signal(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// Negative = never; a longer time than the wire can say is cut to its longest.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
pub(crate) fn milliseconds(value: f64) -> u32 {
    if value < 0.0 { NEVER } else { value.ceil().min(f64::from(NEVER - 1)) as u32 }
}
