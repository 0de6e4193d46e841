//! What this plugin needs of `sage/abi.h`, version 1.0, by hand. That header says what each field means. Tables only ever grow at
//! their end, and rows never change, so these stay right; a table that the host provides has at least what is here.
#![allow(dead_code)]

use std::ffi::c_void;

pub type Status = i32;
pub const OK: Status = 0;
pub const FAILED: Status = 1;
pub const INVALID: Status = 2;
pub const TIMEOUT: Status = 5;

pub const DONE_OK: i32 = 0;
pub const DONE_ERROR: i32 = 1;

pub const OUTCOME_OK: i32 = 0;
pub const VERDICT_UNCHECKED: u32 = 0;
pub const VERDICT_PASS: u32 = 1;
pub const VERDICT_WRONG: u32 = 2;

pub const KEY_NONE: u32 = 0;
pub const KEY_REQUEST: u32 = 1;
pub const KEY_INPUT: u32 = 2;

/// UTF-8 text, not null-terminated; a null `ptr` with size 0 is the empty text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    pub ptr: *const u8,
    pub size: u64,
}

impl Str {
    pub const fn of(text: &'static str) -> Str {
        Str { ptr: text.as_ptr(), size: text.len() as u64 }
    }

    /// # Safety
    /// It is one that the host lends, and is not used after that.
    pub unsafe fn text<'a>(self) -> &'a str {
        if self.size == 0 {
            return "";
        }
        std::str::from_utf8(std::slice::from_raw_parts(self.ptr, self.size as usize)).unwrap_or("")
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    pub ptr: *const u8,
    pub size: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Request {
    pub id: u64,
    pub due_ns: i64,
    pub seq: u64,
    pub key: u64,
    pub payload: Bytes,
    pub pipeline: u16,
    pub class_id: u16,
    pub tenant: u16,
    pub priority: u8,
    pub flags: u8,
    pub units_in: u32,
    pub units_out: u32,
    pub session: u64,
    pub reserved: [u64; 3],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Completion {
    pub id: u64,
    pub at_ns: i64,
    pub begun_ns: i64,
    pub digest: u64,
    pub result: Bytes,
    pub status: i32,
    pub flags: u32,
    pub units: u32,
    pub node: u32,
    pub token_ns: *const i64,
    pub reserved: [u64; 3],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Span {
    pub id: u64,
    pub begin_ns: i64,
    pub end_ns: i64,
    pub stage: u16,
    pub step: u16,
    pub node: u32,
    pub reserved: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Outcome {
    pub seq: u64,
    pub at_ns: i64,
    pub begun_ns: i64,
    pub digest: u64,
    pub result: Bytes,
    pub outcome: i32,
    pub units: u32,
    pub node: u32,
    pub flags: u32,
    pub first_ns: i64,
    pub reserved: [u64; 3],
}

#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub ctx: *mut c_void,
    pub now_ns: unsafe extern "C" fn(*mut c_void) -> i64,
    pub log: unsafe extern "C" fn(*mut c_void, i32, Str),
    pub fail: unsafe extern "C" fn(*mut c_void, Str),
    pub series: unsafe extern "C" fn(*mut c_void, Str, Str) -> u32,
    pub emit: unsafe extern "C" fn(*mut c_void, *const c_void, u64),
    pub complete: unsafe extern "C" fn(*mut c_void, *const Completion, u64),
    pub spans: unsafe extern "C" fn(*mut c_void, *const Span, u64),
}

#[repr(C)]
pub struct Stage {
    pub struct_size: u32,
    pub parallelism: u32,
    pub name: Str,
    pub operator_name: Str,
    pub config: Str,
    pub key_by: u32,
    pub reserved: u32,
    pub cost_base_ns: f64,
    pub cost_per_unit_in_ns: f64,
    pub cost_per_unit_out_ns: f64,
    pub n_needs: u64,
    pub needs: *const Str,
}

#[repr(C)]
pub struct Step {
    pub struct_size: u32,
    pub stage: u32,
    pub inputs: *const u32,
    pub n_inputs: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct Pipeline {
    pub struct_size: u32,
    pub n_steps: u32,
    pub name: Str,
    pub steps: *const *const Step,
    pub flags: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct Class {
    pub struct_size: u32,
    pub reserved: u32,
    pub name: Str,
    pub slo_response_ns: i64,
    pub slo_ttft_ns: i64,
    pub slo_tpot_ns: i64,
}

#[repr(C)]
pub struct OpInput {
    pub struct_size: u32,
    pub step: u32,
    pub request: *const Request,
    pub inputs: *const Bytes,
    pub n_inputs: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct OpOutput {
    pub struct_size: u32,
    pub units: u32,
    pub result: Bytes,
    pub digest: u64,
    pub hold_ns: i64,
    pub first_after_ns: i64,
    pub first_ns: i64,
    pub end_ns: i64,
}

impl Default for OpOutput {
    fn default() -> OpOutput {
        OpOutput {
            struct_size: size_of::<OpOutput>(),
            units: 0,
            result: Bytes { ptr: std::ptr::null(), size: 0 },
            digest: 0,
            hold_ns: 0,
            first_after_ns: 0,
            first_ns: 0,
            end_ns: 0,
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Operators {
    pub struct_size: u32,
    pub reserved: u32,
    pub this: *mut c_void,
    pub open: unsafe extern "C" fn(*mut c_void, Str, Str, u32, u32, *mut *mut c_void) -> Status,
    pub run: unsafe extern "C" fn(*mut c_void, *const OpInput, *mut OpOutput) -> Status,
    pub close: unsafe extern "C" fn(*mut c_void),
}

#[repr(C)]
pub struct Run {
    pub struct_size: u32,
    pub nodes: u32,
    pub parallelism: u32,
    pub reserved: u32,
    pub seed: u64,
    pub max_in_flight: u64,
    pub scheduler: Str,
    pub scratch_dir: Str,
    pub stages: *const *const Stage,
    pub n_stages: u64,
    pub pipelines: *const *const Pipeline,
    pub n_pipelines: u64,
    pub classes: *const *const Class,
    pub n_classes: u64,
    pub tenants: *const *const c_void,
    pub n_tenants: u64,
    pub operators: *const Operators,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NodeStats {
    pub struct_size: u32,
    pub node: u32,
    pub busy_ns: f64,
    pub capacity: f64,
    pub clock_offset_ns: i64,
    pub clock_error_ns: i64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Stats {
    pub struct_size: u32,
    pub reserved: u32,
    pub resident_bytes: u64,
    pub nodes: *const *const NodeStats,
    pub n_nodes: u64,
    pub drivers: *const *const c_void,
    pub n_drivers: u64,
}

/// The functions of a workload; those that are `None` it does not have.
#[repr(C)]
pub struct Workload {
    pub struct_size: u32,
    pub reserved: u32,
    pub stages: unsafe extern "C" fn(*mut c_void, *mut *const *const Stage, *mut u64) -> Status,
    pub pipelines: unsafe extern "C" fn(*mut c_void, *mut *const *const Pipeline, *mut u64) -> Status,
    pub classes: unsafe extern "C" fn(*mut c_void, *mut *const *const Class, *mut u64) -> Status,
    pub tenants: Option<unsafe extern "C" fn(*mut c_void, *mut *const *const c_void, *mut u64) -> Status>,
    pub operators: unsafe extern "C" fn(*mut c_void, *mut Operators) -> Status,
    pub plan: unsafe extern "C" fn(*mut c_void, *mut Request, u64, *mut u64) -> Status,
    pub events: Option<unsafe extern "C" fn(*mut c_void, i64, *mut c_void, u64, *mut u64) -> Status>,
    pub settle: Option<unsafe extern "C" fn(*mut c_void, *const Outcome, u64, *mut u32) -> Status>,
}

/// The functions of a backend; those that are `None` it does not have.
#[repr(C)]
pub struct Backend {
    pub struct_size: u32,
    pub reserved: u32,
    pub open: unsafe extern "C" fn(*mut c_void, *const Run) -> Status,
    pub submit: unsafe extern "C" fn(*mut c_void, *const Request, u64, *mut u64) -> Status,
    pub control: Option<unsafe extern "C" fn(*mut c_void, *const c_void) -> Status>,
    pub drain: unsafe extern "C" fn(*mut c_void, i64) -> Status,
    pub close: unsafe extern "C" fn(*mut c_void) -> Status,
    pub advance: Option<unsafe extern "C" fn(*mut c_void, i64, *mut i64) -> Status>,
    pub stats: unsafe extern "C" fn(*mut c_void, *mut Stats) -> Status,
    pub cancel: Option<unsafe extern "C" fn(*mut c_void, *const u64, u64) -> Status>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Plugin {
    pub struct_size: u32,
    pub abi_minor: u32,
    pub manifest: Str,
    pub create: unsafe extern "C" fn(*const Host, Str, Str, *mut *mut c_void) -> Status,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub workload: *const Workload,
    pub backend: *const Backend,
    pub get_extension: Option<unsafe extern "C" fn(*mut c_void, *const u8) -> *const c_void>,
}

/// The size of a table, for its first member.
pub const fn size_of<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

/// Fills the caller's table from an own one: as much as both know.
///
/// # Safety
/// Both begin with their size, and `out` has as many bytes as it says.
pub unsafe fn fill<T: Copy>(out: *mut T, own: &T) {
    let size = (*(out as *const u32)).min(size_of::<T>());
    std::ptr::copy_nonoverlapping(own as *const T as *const u8, out as *mut u8, size as usize);
    *(out as *mut u32) = size;
}

const _: () = assert!(size_of::<Request>() == 96);
const _: () = assert!(size_of::<Completion>() == 96);
const _: () = assert!(size_of::<Span>() == 40);
const _: () = assert!(size_of::<Outcome>() == 96);
