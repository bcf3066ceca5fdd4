//! `probe [args…]`: prints as one line of JSON what this process was given by whoever started it, changed by nothing
//! in between: signal state, descriptors, group, session, umask, ids, directory, arguments, environment; and by which
//! calls it could become root.
#![no_main]

use std::ffi::c_char;
use std::fmt::Write;

use testkit::{Args, Failure, say, start, sys};

#[unsafe(no_mangle)]
extern "C" fn main(argc: i32, argv: *const *const c_char) -> i32 {
    // SAFETY: the arguments of a C main.
    unsafe { start(argc, argv, probe) }
}

#[expect(clippy::disallowed_methods, reason = "shows the environment it was given; nothing else runs here")]
fn probe(args: &Args) -> Result<u8, Failure> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let identity = sys::identity();
    let mut json = format!("{{\"pid\":{}", std::process::id());
    for name in ["SigBlk", "SigIgn", "SigCgt", "NoNewPrivs"] {
        let value =
            status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default();
        let _ = write!(json, ",{}:{}", quoted(name), quoted(value.trim()));
    }
    for (name, value) in identity {
        let _ = write!(json, ",{}:{value}", quoted(name));
    }
    let flags: Vec<String> = (0..3).map(|fd| sys::is_non_blocking(fd).to_string()).collect();
    let fds = sys::open_descriptors().into_iter().map(|(fd, link)| format!("\"{fd}\":{}", quoted(&link)));
    let argv = std::fs::read("/proc/self/cmdline").unwrap_or_default();
    let argv0 =
        String::from_utf8_lossy(argv.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned();
    let words = std::iter::once(&argv0).chain(args.all()).map(|word| quoted(word));
    let env = std::env::vars_os()
        .map(|(k, v)| format!("{}:{}", quoted(&k.to_string_lossy()), quoted(&v.to_string_lossy())));
    let groups = sys::groups().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let _ = write!(json, ",\"groups\":[{groups}],\"deathSignal\":{}", sys::death_signal());
    let cwd = std::env::current_dir().unwrap_or_default();
    let _ = write!(json, ",\"nonBlocking\":[{}],\"fds\":{{{}}}", flags.join(","), joined(fds));
    let _ = write!(
        json,
        ",\"cwd\":{},\"argv\":[{}],\"env\":{{{}}}}}",
        quoted(&cwd.to_string_lossy()),
        joined(words),
        joined(env)
    );
    // Last of all, as it changes what was shown.
    json.pop();
    let _ = write!(json, ",\"regained\":[{}]}}", joined(sys::regain_root().into_iter().map(quoted)));
    say(&json).map(|()| 0)
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

fn quoted(text: &str) -> String {
    let inner = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if u32::from(c) < 0x20 => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", inner.collect::<String>())
}
