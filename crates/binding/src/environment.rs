//! The JavaScript environment's object: its wake-up, its keep-alive, its children by id.
//!
//! Teardown runs as an environment cleanup hook: the environment is retired first, after which no thread is inside the
//! wake-up or ever will be, so the threadsafe function can go. Endpoints are closed and the shepherd is told to end the
//! environment's children. Nothing waits for the I/O thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use napi::bindgen_prelude::{
    ClassInstance, Float64ArraySlice, Function, FunctionCallContext, Null, Object, Uint8Array,
    Uint32ArraySlice,
};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Either, Env, Error, Result, Status, sys};
use napi_derive::napi;
use process::{Child, Event, Supervisor};
use reactor::{Completion, Endpoint, Environment, Lane, Reactor};

use crate::endpoint::JsEndpoint;
use crate::event::{JsFailure, Rest, put};
use crate::journal::JsJournal;
use crate::request::{GivenEnd, Layout, milliseconds, signal};

/// Weak: it never keeps the event loop alive unless JavaScript asks for it. It carries no data.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true, 1>;

/// What one JavaScript environment has to do with the I/O thread.
#[napi(js_name = "Environment")]
pub struct JsEnvironment {
    reactor: &'static Arc<Reactor>,
    pub(crate) environment: Arc<Environment>,
    wake: Arc<Wake>,
    shepherd: Vec<u8>,
    children: RefCell<HashMap<u32, Entry>>,
}

struct Entry {
    child: Arc<Child>,
    /// What the last event left to be taken.
    rest: Rest,
    is_over: bool,
    is_released: bool,
}

/// Both ends of a new pipe.
#[napi(object, object_from_js = false)]
pub struct JsPipe {
    pub reader: JsEndpoint,
    pub writer: JsEndpoint,
}

#[napi]
impl JsEnvironment {
    /// Joins this environment to the process's I/O thread.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, wake: Function<(), ()>, shepherd_path: String) -> Result<Self> {
        let reactor = Reactor::global().map_err(|error| Error::from_reason(error.to_string()))?;
        let wake: Wake = wake.build_threadsafe_function().weak::<true>().max_queue_size::<1>().build()?;
        let wake = Arc::new(wake);
        let caller = Arc::clone(&wake);
        // With room for one call, a wake-up that is already under way stands for this one too.
        let environment = reactor.environment(Box::new(move || {
            caller.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }));
        env.add_env_cleanup_hook(Arc::clone(&environment), |environment| {
            process::retire(reactor, &environment);
        })?;
        Ok(Self {
            reactor,
            environment,
            wake,
            shepherd: shepherd_path.into_bytes(),
            children: RefCell::default(),
        })
    }

    /// What is called at every wake-up, as functions that are bound to this environment: `ref` keeps the event loop alive,
    /// `unref` no longer does, `drain` moves completions into its argument. To find the environment behind its object costs a
    /// call more than any of these does, and takes a lock that all threads share.
    #[napi(catch_unwind)]
    pub fn bound<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let mut functions = Object::new(env)?;
        let wake = Arc::clone(&self.wake);
        let refer = move |call: FunctionCallContext<'_>| {
            // SAFETY: called on the environment's own thread with its own, living threadsafe function.
            unsafe { sys::napi_ref_threadsafe_function(call.env.raw(), wake.raw()) };
            Ok(())
        };
        functions.set("ref", env.create_function_from_closure::<(), _, _>("ref", refer)?)?;
        let wake = Arc::clone(&self.wake);
        let unref = move |call: FunctionCallContext<'_>| {
            // SAFETY: as above.
            unsafe { sys::napi_unref_threadsafe_function(call.env.raw(), wake.raw()) };
            Ok(())
        };
        functions.set("unref", env.create_function_from_closure::<(), _, _>("unref", unref)?)?;
        let environment = Arc::clone(&self.environment);
        let drain = move |call: FunctionCallContext<'_>| {
            let mut into: Uint32ArraySlice = call.get(0)?;
            // SAFETY: JavaScript runs nothing while this call lasts, so nobody else touches its memory.
            Ok(drain(&environment, unsafe { into.as_mut() }))
        };
        functions.set("drain", env.create_function_from_closure::<(), _, _>("drain", drain)?)?;
        Ok(functions)
    }

    /// Queues a spawn; everything that comes of it are events of the child with the returned id.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "an object would cost a native call per property")]
    pub fn spawn(
        &self,
        names: String,
        argv: String,
        env: String,
        unset: String,
        numbers: Float64ArraySlice,
        stdin: GivenEnd<'_>,
        stdout: GivenEnd<'_>,
        stderr: GivenEnd<'_>,
        extras: Option<Float64ArraySlice>,
        extra_ends: Option<Vec<ClassInstance<'_, JsEndpoint>>>,
    ) -> u32 {
        let layout = Layout { names, argv, env, unset, numbers: &numbers, extras: extras.as_deref() };
        let launch = layout.into_launch([stdin, stdout, stderr], extra_ends.unwrap_or_default());
        let child = Supervisor::spawn(self.reactor, &self.environment, &self.shepherd, launch);
        let id = child.id();
        let entry = Entry { child, rest: Rest::Nothing, is_over: false, is_released: false };
        self.children.borrow_mut().insert(id, entry);
        id
    }

    /// The kind of the oldest event of a child that was not taken yet, 0 for none; its numbers go into `numbers`.
    #[napi(catch_unwind)]
    pub fn next_event(&self, child: u32, mut numbers: Float64ArraySlice) -> u32 {
        let mut children = self.children.borrow_mut();
        let Some(entry) = children.get_mut(&child) else { return 0 };
        let Some(event) = entry.child.next_event() else { return 0 };
        let is_last = matches!(event, Event::Empty { .. });
        // SAFETY: JavaScript runs nothing while this call lasts, so nobody else touches its memory.
        let (kind, rest) = put(event, unsafe { numbers.as_mut() });
        entry.rest = rest;
        drop(children);
        if is_last {
            self.settle(child, true, false);
        }
        kind
    }

    /// Our end of the pipe on 0, 1 or 2 of a child that has just started; null the second time. For each descriptor beyond them
    /// there are two slots, the second for what writes to a socket.
    #[napi(catch_unwind)]
    pub fn take_end(&self, child: u32, slot: u32) -> Either<JsEndpoint, Null> {
        let mut children = self.children.borrow_mut();
        let end = match children.get_mut(&child).map(|entry| &mut entry.rest) {
            Some(Rest::Ends(ends, extra)) => {
                ends.iter_mut().chain(extra).nth(slot as usize).and_then(Option::take)
            }
            _ => None,
        };
        end.map_or(Either::B(Null), |inner| Either::A(JsEndpoint { inner }))
    }

    /// The words of a failure, after which nothing more is known of the child.
    #[napi(catch_unwind)]
    pub fn take_failure(&self, child: u32) -> Option<JsFailure> {
        match self.children.borrow_mut().remove(&child)?.rest {
            Rest::Failure(failure) => Some(failure.into()),
            _ => None,
        }
    }

    /// Sends a signal; false once there is nobody left to send it to.
    #[napi(catch_unwind)]
    pub fn signal(&self, child: u32, number: u32, tree: bool) -> bool {
        self.child(child).is_some_and(|child| Supervisor::signal(self.reactor, &child, signal(number), tree))
    }

    /// The ladder over the whole tree.
    #[napi(catch_unwind)]
    pub fn terminate(&self, child: u32, number: u32, kill_timeout_ms: f64) {
        if let Some(child) = self.child(child) {
            Supervisor::terminate(self.reactor, &child, signal(number), milliseconds(kill_timeout_ms));
        }
    }

    /// Forgets a child that has not started.
    #[napi(catch_unwind)]
    pub fn cancel(&self, child: u32) {
        if let Some(known) = self.child(child) {
            Supervisor::cancel(self.reactor, &known);
            self.settle(child, true, true);
        }
    }

    /// Nobody takes the child's events any more; its release still comes.
    #[napi(catch_unwind)]
    pub fn abandon(&self, child: u32) {
        self.settle(child, true, false);
    }

    /// The child's zombie may be reaped.
    #[napi(catch_unwind)]
    pub fn release(&self, child: u32) {
        if let Some(known) = self.child(child) {
            Supervisor::release(self.reactor, &known);
            self.settle(child, false, true);
        }
    }

    /// The last bytes of standard error, where it goes to a ring.
    #[napi(catch_unwind)]
    pub fn stderr_tail(&self, child: u32) -> Uint8Array {
        self.child(child).map(|child| child.stderr_tail()).unwrap_or_default().into()
    }

    /// A pipe with both ends here.
    #[napi(catch_unwind)]
    pub fn make_pipe(&self) -> Either<JsPipe, i32> {
        let made = process::make_pipe().and_then(|(read, write)| {
            let endpoint = |fd| {
                let endpoint = Endpoint::new(self.reactor, &self.environment, fd, Lane::Demand);
                endpoint.map_err(|error| error.raw_os_error().unwrap_or(process::EIO))
            };
            Ok(JsPipe {
                reader: JsEndpoint { inner: endpoint(read)? },
                writer: JsEndpoint { inner: endpoint(write)? },
            })
        });
        made.map_or_else(|errno| Either::B(-errno), Either::A)
    }

    /// Starts the thread of a journal, whose first outcome says whether it is open.
    #[napi(catch_unwind)]
    pub fn open_journal(&self, directory: String, synced: bool, segment_bytes: f64) -> Result<JsJournal> {
        JsJournal::open(&self.environment, directory, synced, segment_bytes)
    }

    /// Hands the terminal's foreground over and continues the child.
    #[napi(catch_unwind)]
    pub fn foreground(&self, child: u32) {
        if let Some(child) = self.child(child) {
            Supervisor::foreground(self.reactor, &child);
        }
    }

    fn child(&self, id: u32) -> Option<Arc<Child>> {
        self.children.borrow().get(&id).map(|entry| Arc::clone(&entry.child))
    }

    /// A child is forgotten when it has no more events and nobody may still ask for its release.
    fn settle(&self, id: u32, is_over: bool, is_released: bool) {
        let mut children = self.children.borrow_mut();
        let Some(entry) = children.get_mut(&id) else { return };
        entry.is_over |= is_over;
        entry.is_released |= is_released;
        if entry.is_over && entry.is_released {
            children.remove(&id);
        }
    }
}

/// Moves completions out as pairs of kind and id; -1 when the I/O thread is dead.
fn drain(environment: &Environment, into: &mut [u32]) -> i32 {
    let (pairs, _) = into.as_chunks_mut::<2>();
    let mut places = pairs.iter_mut();
    let mut written = 0;
    let room = places.len();
    let drained = environment.drain(room, |completion| {
        if let Some(place) = places.next() {
            *place = match completion {
                Completion::Endpoint(id) => [0, id],
                Completion::Child(id) => [1, id],
                Completion::Journal(id) => [2, id],
                Completion::Wait(id) => [3, id],
            };
            written += 2;
        }
    });
    if drained.is_ok() { written } else { -1 }
}
