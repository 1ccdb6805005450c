//! The answer to `usage_request`, with the fields that ipykernel's has.

use serde::Serialize;

/// What a kernel takes of the machine, and what the machine has.
#[derive(Debug, Serialize)]
pub struct Usage {
    pub hostname: String,
    pub pid: u32,
    /// In percent of one processor, since the request before; 0 at the first.
    pub kernel_cpu: f64,
    /// In bytes.
    pub kernel_memory: u64,
    /// In percent of all processors; nothing at the first request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_cpu_percent: Option<f64>,
    pub cpu_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_virtual_memory: Option<HostMemory>,
}

/// The machine's memory in bytes, under the names of psutil.
#[derive(Debug, Serialize)]
pub struct HostMemory {
    pub total: u64,
    pub available: u64,
    pub percent: f64,
    pub used: u64,
    pub free: u64,
    pub active: u64,
    pub inactive: u64,
    pub buffers: u64,
    pub cached: u64,
    pub shared: u64,
    pub slab: u64,
}
