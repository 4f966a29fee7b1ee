// One configuration of the Verilated card behind C functions. Compiled once per configuration:
// MODEL is the class that Verilator made, CARD(x) the name of function x, both given by build.rs.
//
// The layout of Inputs and Outputs is that of src/model/ffi.rs.

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "verilated.h"
#define STRING_OF(x) #x
#define HEADER_OF(x) STRING_OF(x.h)
#include HEADER_OF(MODEL)
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

#include "failure.h"

struct Inputs {
  // AXI4 responses to the card
  uint32_t rdata[16];
  // AXI4-Lite requests to the card
  uint32_t axil_wdata;
  uint16_t axil_awaddr;
  uint16_t axil_araddr;
  uint8_t rst;
  uint8_t axil_awvalid;
  uint8_t axil_wvalid;
  uint8_t axil_wstrb;
  uint8_t axil_bready;
  uint8_t axil_arvalid;
  uint8_t axil_rready;
  uint8_t awready;
  uint8_t wready;
  uint8_t bvalid;
  uint8_t bid;
  uint8_t bresp;
  uint8_t arready;
  uint8_t rvalid;
  uint8_t rid;
  uint8_t rresp;
  uint8_t rlast;
  uint8_t msix_ready;
};

struct Outputs {
  uint32_t wdata[16];
  uint64_t wstrb;
  uint64_t awaddr;
  uint64_t araddr;
  uint32_t axil_rdata;
  uint8_t axil_awready;
  uint8_t axil_wready;
  uint8_t axil_bvalid;
  uint8_t axil_bresp;
  uint8_t axil_arready;
  uint8_t axil_rvalid;
  uint8_t axil_rresp;
  uint8_t awvalid;
  uint8_t awid;
  uint8_t awlen;
  uint8_t wvalid;
  uint8_t wlast;
  uint8_t bready;
  uint8_t arvalid;
  uint8_t arid;
  uint8_t arlen;
  uint8_t rready;
  uint8_t msix_valid;
  uint8_t msix_vector;
};

namespace {

struct Card {
  VerilatedContext context;
  std::unique_ptr<MODEL> model;
#if VM_TRACE
  std::unique_ptr<VerilatedFstC> trace;
#endif
};

void drive(MODEL& m, const Inputs& in) {
  m.rst_i = in.rst;
  m.s_axil_awaddr = in.axil_awaddr;
  m.s_axil_awvalid = in.axil_awvalid;
  m.s_axil_wdata = in.axil_wdata;
  m.s_axil_wstrb = in.axil_wstrb;
  m.s_axil_wvalid = in.axil_wvalid;
  m.s_axil_bready = in.axil_bready;
  m.s_axil_araddr = in.axil_araddr;
  m.s_axil_arvalid = in.axil_arvalid;
  m.s_axil_rready = in.axil_rready;
  m.m_axi_awready = in.awready;
  m.m_axi_wready = in.wready;
  m.m_axi_bvalid = in.bvalid;
  m.m_axi_bid = in.bid;
  m.m_axi_bresp = in.bresp;
  m.m_axi_arready = in.arready;
  m.m_axi_rvalid = in.rvalid;
  m.m_axi_rid = in.rid;
  m.m_axi_rresp = in.rresp;
  m.m_axi_rlast = in.rlast;
  if (in.rvalid) std::memcpy(&m.m_axi_rdata[0], in.rdata, sizeof in.rdata);
  m.msix_ready_i = in.msix_ready;
}

void sample(const MODEL& m, Outputs& out) {
  out.axil_awready = m.s_axil_awready;
  out.axil_wready = m.s_axil_wready;
  out.axil_bvalid = m.s_axil_bvalid;
  out.axil_bresp = m.s_axil_bresp;
  out.axil_arready = m.s_axil_arready;
  out.axil_rvalid = m.s_axil_rvalid;
  out.axil_rresp = m.s_axil_rresp;
  out.axil_rdata = m.s_axil_rdata;
  out.awvalid = m.m_axi_awvalid;
  out.awid = m.m_axi_awid;
  out.awaddr = m.m_axi_awaddr;
  out.awlen = m.m_axi_awlen;
  out.wvalid = m.m_axi_wvalid;
  out.wlast = m.m_axi_wlast;
  if (m.m_axi_wvalid) {
    out.wstrb = m.m_axi_wstrb;
    std::memcpy(out.wdata, &m.m_axi_wdata[0], sizeof out.wdata);
  }
  out.bready = m.m_axi_bready;
  out.arvalid = m.m_axi_arvalid;
  out.arid = m.m_axi_arid;
  out.araddr = m.m_axi_araddr;
  out.arlen = m.m_axi_arlen;
  out.rready = m.m_axi_rready;
  out.msix_valid = m.msix_valid_o;
  out.msix_vector = m.msix_vector_o;
}

void evaluate(Card& card) {
  card.model->eval();
#if VM_TRACE
  if (card.trace) card.trace->dump(card.context.time());
#endif
  card.context.timeInc(1);
}

}  // namespace

extern "C" {

Card* CARD(new)() {
  auto card = std::make_unique<Card>();
#if VM_TRACE
  card->context.traceEverOn(true);
#endif
  card->model = std::make_unique<MODEL>(&card->context);
  return card.release();
}

void CARD(free)(Card* card) {
  // After a failed assertion the model must not run again, not even its `final` blocks.
  delete card;
}

// Runs one clock cycle: settles the inputs, samples the outputs as they stand before the rising edge, then applies it.
// Returns 0, or 1 when an assertion failed; the reason is in `failure_text` and the model must only be freed then.
int CARD(step)(Card* card, const Inputs* in, Outputs* out) {
  assertion_failed = false;
  try {
    drive(*card->model, *in);
    card->model->clk_i = 0;
    evaluate(*card);
    sample(*card->model, *out);
    card->model->clk_i = 1;
    evaluate(*card);
    return assertion_failed;
  } catch (const Failure&) {
    return 1;
  }
}

// Writes waves to `path` from here on. Returns 0, or 1 in a build without tracing.
int CARD(trace)(Card* card, const char* path) {
#if VM_TRACE
  card->trace = std::make_unique<VerilatedFstC>();
  card->model->trace(card->trace.get(), 99);
  card->trace->open(path);
  return 0;
#else
  (void)card;
  (void)path;
  return 1;
#endif
}

}  // extern "C"
