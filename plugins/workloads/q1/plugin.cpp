#include "workloads/q1/pipeline_chain.hpp"

SAGE_PLUGIN(workloads::q1::PipelineChain)
