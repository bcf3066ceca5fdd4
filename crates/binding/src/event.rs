//! A child's events as JavaScript objects.

use napi::bindgen_prelude::{Null, Object};
use napi::{Either, Env, Result};
use process::{Event, Exit, Failure};

use crate::endpoint::JsEndpoint;

type Slot = Either<JsEndpoint, Null>;

pub(crate) fn to_object(env: Env, event: Event) -> Result<Object<'static>> {
    let mut object = Object::new(&env)?;
    match event {
        Event::Started { pid, containment, stdio } => {
            object.set("type", "started")?;
            object.set("pid", pid)?;
            object.set("containment", containment as u32)?;
            let [stdin, stdout, stderr] =
                stdio.map(|endpoint| endpoint.map_or(Slot::B(Null), |inner| Slot::A(JsEndpoint { inner })));
            object.set("stdin", stdin)?;
            object.set("stdout", stdout)?;
            object.set("stderr", stderr)?;
        }
        Event::Failed(Failure { stage, errno, code, detail }) => {
            object.set("type", "failed")?;
            object.set("stage", stage)?;
            object.set("errno", errno)?;
            object.set("code", code.unwrap_or(""))?;
            object.set("detail", detail)?;
        }
        Event::Stopped => object.set("type", "stopped")?,
        Event::Orphaned => object.set("type", "orphaned")?,
        Event::Exited(Exit { code, signal, core_dumped, lost, max_rss_bytes, user_us, system_us }) => {
            object.set("type", "exited")?;
            object.set("exitCode", code)?;
            object.set("signal", signal)?;
            object.set("coreDumped", core_dumped)?;
            object.set("lost", lost)?;
            object.set("maxRssBytes", number(max_rss_bytes))?;
            object.set("userCpuMs", number(user_us) / 1000.0)?;
            object.set("systemCpuMs", number(system_us) / 1000.0)?;
        }
        Event::Empty { survivors } => {
            object.set("type", "empty")?;
            object.set("survivors", survivors)?;
        }
    }
    Ok(object)
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has no other number, and no process reaches 2^53")]
fn number(value: u64) -> f64 {
    value as f64
}
