//! The threads and what they do: each has a replica of every stage, and a channel that tasks come in by.
use crate::abi;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// What the host lends: valid until `close` returned, and for any thread.
pub struct Lent<T>(pub *const T);
impl<T> Clone for Lent<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Lent<T> {}
unsafe impl<T> Send for Lent<T> {}
unsafe impl<T> Sync for Lent<T> {}

impl<T> Lent<T> {
    pub fn get(&self) -> &T {
        unsafe { &*self.0 }
    }
}

/// A replica of a stage: the workload's code. One thread at a time calls it.
pub struct Replica(pub *mut c_void);
unsafe impl Send for Replica {}

/// A request on its way: whoever has it owns all that there is of it.
pub struct Task {
    request: abi::Request, // its payload stays valid until it is complete
    step: usize,
    outputs: Vec<Vec<u8>>, // of the steps so far
    spans: Vec<abi::Span>,
}
unsafe impl Send for Task {}

impl Task {
    pub fn new(request: &abi::Request) -> Task {
        Task { request: *request, step: 0, outputs: Vec::new(), spans: Vec::new() }
    }
}

pub enum Message {
    Execute(Box<Task>),
    Stop,
}

/// What all threads share with the plugin.
pub struct Shared {
    pub host: Lent<abi::Host>,
    pub run: Lent<abi::Run>,
    pub outstanding: Mutex<usize>,
    pub ended: Condvar,
    pub stopping: AtomicBool,
    pub busy_ns: AtomicI64,
}

impl Shared {
    fn now_ns(&self) -> i64 {
        let host = self.host.get();
        unsafe { (host.now_ns)(host.ctx) }
    }

    pub fn pipeline(&self, request: &abi::Request) -> &abi::Pipeline {
        unsafe { &**self.run.get().pipelines.add(request.pipeline as usize) }
    }

    /// The worker that has to execute the task's step where there are so many: of a keyed stage always the same for a key.
    pub fn worker_for(&self, task: &Task, workers: usize) -> Option<usize> {
        let step = step_of(self.pipeline(&task.request), task.step);
        let stage = unsafe { &**self.run.get().stages.add(step.stage as usize) };
        let key = match stage.key_by {
            abi::KEY_NONE => return None,
            abi::KEY_INPUT => first_8_bytes(&task.inputs(step)[0]),
            _ => task.request.key,
        };
        Some((key % workers as u64) as usize)
    }
}

fn step_of(pipeline: &abi::Pipeline, index: usize) -> &abi::Step {
    unsafe { &**pipeline.steps.add(index) }
}

fn bytes(of: &[u8]) -> abi::Bytes {
    abi::Bytes { ptr: of.as_ptr(), size: of.len() as u64 }
}

fn slice<'a>(of: &'a abi::Bytes) -> &'a [u8] {
    if of.size == 0 {
        return &[];
    }
    unsafe { std::slice::from_raw_parts(of.ptr, of.size as usize) }
}

fn first_8_bytes(of: &abi::Bytes) -> u64 {
    let mut first = [0; 8];
    let there = slice(of);
    let n = there.len().min(8);
    first[..n].copy_from_slice(&there[..n]);
    u64::from_le_bytes(first)
}

impl Task {
    /// A step's inputs, borrowed from this task and the request.
    fn inputs(&self, step: &abi::Step) -> Vec<abi::Bytes> {
        if step.n_inputs == 0 {
            return vec![self.request.payload];
        }
        let from = unsafe { std::slice::from_raw_parts(step.inputs, step.n_inputs as usize) };
        from.iter().map(|i| bytes(&self.outputs[*i as usize])).collect()
    }
}

pub struct Worker {
    pub index: usize,
    pub shared: std::sync::Arc<Shared>,
    pub tasks: Receiver<Message>,
    pub workers: Vec<Sender<Message>>, // all of them
    pub replicas: Vec<Replica>,        // one of each stage
}

impl Worker {
    /// Until it is told to stop; gives the replicas back.
    pub fn work(mut self) -> Vec<Replica> {
        while let Ok(Message::Execute(task)) = self.tasks.recv() {
            if self.shared.stopping.load(Ordering::Relaxed) {
                break; // nobody waits for what is left
            }
            self.advance(task);
        }
        self.replicas
    }

    /// Executes the task's steps as far as they are this worker's, then hands it on or ends it.
    fn advance(&mut self, mut task: Box<Task>) {
        let n_steps = self.shared.pipeline(&task.request).n_steps as usize;
        let mut last = abi::OpOutput::default();
        while task.step < n_steps {
            match self.shared.worker_for(&task, self.workers.len()) {
                Some(other) if other != self.index => {
                    // It fails where that one has stopped already, and then nobody waits for the task.
                    let _ = self.workers[other].send(Message::Execute(task));
                    return;
                }
                _ => {}
            }
            match self.execute(&mut task) {
                Some(out) => last = out,
                None => return self.end(&task, abi::DONE_ERROR, &abi::OpOutput::default()),
            }
            task.step += 1;
        }
        self.end(&task, abi::DONE_OK, &last)
    }

    /// One step; None if its operator failed, which then gave the text.
    fn execute(&mut self, task: &mut Task) -> Option<abi::OpOutput> {
        let run = self.shared.run;
        let step = step_of(self.shared.pipeline(&task.request), task.step);
        let inputs = task.inputs(step);
        let input = abi::OpInput {
            struct_size: abi::size_of::<abi::OpInput>(),
            step: task.step as u32,
            request: &task.request,
            inputs: inputs.as_ptr(),
            n_inputs: inputs.len() as u64,
        };
        let mut out = abi::OpOutput::default();
        let operators = unsafe { &*run.get().operators };
        let begin_ns = self.shared.now_ns();
        let status = unsafe { (operators.run)(self.replicas[step.stage as usize].0, &input, &mut out) };
        // The operator's memory is its own again at its next call.
        task.outputs.push(slice(&out.result).to_vec());
        out.result = bytes(&[]);
        if status == abi::OK && out.hold_ns > 0 {
            self.hold(out.hold_ns); // it models something remote
        }
        let end_ns = self.shared.now_ns();
        self.shared.busy_ns.fetch_add(end_ns - begin_ns, Ordering::Relaxed);
        task.spans.push(abi::Span {
            id: task.request.id,
            begin_ns,
            end_ns,
            stage: step.stage as u16,
            step: task.step as u16,
            node: 0,
            reserved: 0,
        });
        (status == abi::OK).then_some(out)
    }

    /// The worker is occupied for so long, or until all are to stop: whoever says so unparks it.
    fn hold(&self, ns: i64) {
        let end = Instant::now() + Duration::from_nanos(ns as u64);
        while !self.shared.stopping.load(Ordering::Relaxed) {
            match end.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => std::thread::park_timeout(left),
                _ => return,
            }
        }
    }

    /// The one completion of a request.
    fn end(&self, task: &Task, status: i32, last: &abi::OpOutput) {
        let result = if status == abi::DONE_OK { task.outputs.last().map(|o| bytes(o)) } else { None };
        let end = abi::Completion {
            id: task.request.id,
            at_ns: task.spans[task.spans.len() - 1].end_ns,
            begun_ns: task.spans[0].begin_ns,
            digest: last.digest,
            result: result.unwrap_or(bytes(&[])),
            status,
            flags: 0,
            units: last.units,
            node: 0,
            token_ns: ptr::null(),
            reserved: [0; 3],
        };
        let host = self.shared.host.get();
        unsafe {
            (host.spans)(host.ctx, task.spans.as_ptr(), task.spans.len() as u64); // before the completion
            (host.complete)(host.ctx, &end, 1);
        }
        *self.shared.outstanding.lock().expect("no thread panics") -= 1;
        self.shared.ended.notify_all();
    }
}
