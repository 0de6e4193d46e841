//! A backend in Rust, without crates: a pool of threads, and requests that move between them by channels.
//!
//! Each worker has a replica of every stage. A step of a keyed stage is executed by the worker that its key says, so one
//! replica has all of a key, in order; the others are executed where the request is. So nothing that a request needs is
//! shared, and nothing is locked but the count of those that are under way.
mod abi;
mod pool;

use pool::{Lent, Message, Replica, Shared, Task, Worker};
use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{channel, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

static MANIFEST: &str = include_str!("../pool_rust.toml");

/// From `open` to `close`.
struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Vec<Replica>>>,
    feed: UnsafeCell<Feed>, // only `submit` touches it, and `close`
}

struct Feed {
    workers: Vec<Sender<Message>>,
    next: usize,
}

struct Backend {
    host: Lent<abi::Host>,
    pool: Option<Pool>,
    nodes: UnsafeCell<Nodes>, // only `stats` touches it
}

/// The tables that `stats` hands out; they stay valid until its next call.
struct Nodes {
    node: abi::NodeStats,
    list: [*const abi::NodeStats; 1],
}

impl Backend {
    fn fail(&self, status: abi::Status, why: &'static str) -> abi::Status {
        let host = self.host.get();
        unsafe { (host.fail)(host.ctx, abi::Str::of(why)) };
        status
    }

    /// Deploys the stages.
    fn open(&mut self, run: Lent<abi::Run>) -> abi::Status {
        if run.get().nodes != 1 {
            return self.fail(abi::INVALID, "pool_rust runs on one node; use --nodes 1");
        }
        let n = run.get().parallelism;
        let shared = Arc::new(Shared {
            host: self.host,
            run,
            outstanding: Mutex::new(0),
            ended: Condvar::new(),
            stopping: AtomicBool::new(false),
            busy_ns: AtomicI64::new(0),
        });
        let (workers, receivers): (Vec<_>, Vec<_>) = (0..n).map(|_| channel()).unzip();
        let feed = UnsafeCell::new(Feed { workers: workers.clone(), next: 0 });
        // It is kept from here on, so that `close` ends what was begun.
        let pool = self.pool.insert(Pool { shared: shared.clone(), threads: Vec::new(), feed });
        for (index, tasks) in receivers.into_iter().enumerate() {
            let replicas = match open_all(run, index as u32, n) {
                Ok(replicas) => replicas,
                Err(status) => return status, // the operator gave the text
            };
            let worker = Worker { index, shared: shared.clone(), tasks, workers: workers.clone(), replicas };
            match std::thread::Builder::new().name(format!("pool {}", index)).spawn(move || worker.work()) {
                Ok(thread) => pool.threads.push(thread),
                Err(_) => return self.fail(abi::FAILED, "a worker's thread could not be started"),
            }
        }
        abi::OK
    }

    fn close(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.close();
        }
    }
}

impl Pool {
    /// Never blocks: a channel has room for all that --max-in-flight allows.
    fn submit(&self, rows: &[abi::Request]) -> usize {
        let feed = unsafe { &mut *self.feed.get() };
        *self.shared.outstanding.lock().expect("no thread panics") += rows.len();
        for row in rows {
            let task = Box::new(Task::new(row));
            feed.next = (feed.next + 1) % feed.workers.len();
            let worker = self.shared.worker_for(&task, feed.workers.len()).unwrap_or(feed.next);
            feed.workers[worker].send(Message::Execute(task)).expect("a worker lives until `close`");
        }
        rows.len()
    }

    /// True if all that was taken has ended in time.
    fn drain(&self, ns: i64) -> bool {
        let outstanding = self.shared.outstanding.lock().expect("no thread panics");
        let limit = Duration::from_nanos(ns.max(0) as u64);
        let waited = self.shared.ended.wait_timeout_while(outstanding, limit, |n| *n != 0);
        !waited.expect("no thread panics").1.timed_out()
    }

    fn close(self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        for worker in self.feed.into_inner().workers {
            let _ = worker.send(Message::Stop); // wakes it
        }
        for thread in self.threads {
            thread.thread().unpark();
            close_all(self.shared.run, thread.join().expect("no thread panics"));
        }
    }
}

fn open_all(run: Lent<abi::Run>, replica: u32, replicas: u32) -> Result<Vec<Replica>, abi::Status> {
    let operators = unsafe { &*run.get().operators };
    let mut opened = Vec::new();
    for i in 0..run.get().n_stages as usize {
        let stage = unsafe { &**run.get().stages.add(i) };
        let mut op = ptr::null_mut();
        let status = unsafe {
            (operators.open)(operators.this, stage.operator_name, stage.config, replica, replicas, &mut op)
        };
        if status != abi::OK {
            close_all(run, opened);
            return Err(status);
        }
        opened.push(Replica(op));
    }
    Ok(opened)
}

fn close_all(run: Lent<abi::Run>, replicas: Vec<Replica>) {
    let operators = unsafe { &*run.get().operators };
    for replica in replicas {
        unsafe { (operators.close)(replica.0) };
    }
}

// ---------------------------------------------------------------------------------------------------- the boundary

// `submit`, `drain` and `stats` may be called at the same time, by different threads; `open` and `close` not.
unsafe fn backend<'a>(this: *mut c_void) -> &'a Backend {
    &*(this as *const Backend)
}
unsafe fn backend_alone<'a>(this: *mut c_void) -> &'a mut Backend {
    &mut *(this as *mut Backend)
}
/// The host calls these between `open` and `close` only.
unsafe fn pool<'a>(this: *mut c_void) -> &'a Pool {
    backend(this).pool.as_ref().expect("it is open")
}

/// `config` is the JSON object of the options, as UTF-8; this backend has none.
unsafe extern "C" fn create(
    host: *const abi::Host,
    _id: abi::Str,
    _config: abi::Str,
    out: *mut *mut c_void,
) -> abi::Status {
    let node = abi::NodeStats {
        struct_size: abi::size_of::<abi::NodeStats>(),
        node: 0,
        busy_ns: 0.0,
        capacity: 1.0,
        clock_offset_ns: 0,
        clock_error_ns: 0,
    };
    let nodes = UnsafeCell::new(Nodes { node, list: [ptr::null()] });
    *out = Box::into_raw(Box::new(Backend { host: Lent(host), pool: None, nodes })) as *mut c_void;
    abi::OK
}

unsafe extern "C" fn destroy(this: *mut c_void) {
    let mut own = Box::from_raw(this as *mut Backend);
    own.close();
}

unsafe extern "C" fn open(this: *mut c_void, run: *const abi::Run) -> abi::Status {
    backend_alone(this).open(Lent(run))
}

unsafe extern "C" fn submit(this: *mut c_void, rows: *const abi::Request, n: u64, taken: *mut u64) -> abi::Status {
    let rows = if n == 0 { &[][..] } else { std::slice::from_raw_parts(rows, n as usize) };
    *taken = pool(this).submit(rows) as u64;
    abi::OK
}

unsafe extern "C" fn drain(this: *mut c_void, timeout_ns: i64) -> abi::Status {
    if pool(this).drain(timeout_ns) {
        abi::OK
    } else {
        abi::TIMEOUT
    }
}

unsafe extern "C" fn close(this: *mut c_void) -> abi::Status {
    backend_alone(this).close();
    abi::OK
}

unsafe extern "C" fn stats(this: *mut c_void, out: *mut abi::Stats) -> abi::Status {
    let nodes = &mut *backend(this).nodes.get();
    nodes.node.busy_ns = pool(this).shared.busy_ns.load(Ordering::Relaxed) as f64;
    nodes.node.capacity = pool(this).threads.len() as f64;
    nodes.list[0] = &nodes.node;
    let table = abi::Stats {
        struct_size: abi::size_of::<abi::Stats>(),
        reserved: 0,
        resident_bytes: 0,
        nodes: nodes.list.as_ptr(),
        n_nodes: 1,
        drivers: ptr::null(),
        n_drivers: 0,
    };
    abi::fill(out, &table);
    abi::OK
}

static TABLE: abi::Backend = abi::Backend {
    struct_size: abi::size_of::<abi::Backend>(),
    reserved: 0,
    open,
    submit,
    control: None,
    drain,
    close,
    advance: None,
    stats,
    cancel: None,
};

/// The one symbol that the host looks for.
///
/// # Safety
/// `out` is a table of the host's, which says its size.
#[no_mangle]
pub unsafe extern "C" fn sage_entry_v1(_host: *const abi::Host, out: *mut abi::Plugin) -> abi::Status {
    let own = abi::Plugin {
        struct_size: abi::size_of::<abi::Plugin>(),
        abi_minor: 0,
        manifest: abi::Str::of(MANIFEST),
        create,
        destroy,
        workload: ptr::null(),
        backend: &TABLE,
        get_extension: None,
    };
    abi::fill(out, &own);
    abi::OK
}
