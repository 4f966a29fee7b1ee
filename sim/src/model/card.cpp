// One configuration of the Verilated card behind C functions. Compiled once per configuration:
// MODEL is the class that Verilator made, CARD(x) the name of function x, both given by build.rs.
//
// The layout of Inputs and Outputs is that of src/model/ffi.rs.

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "verilated.h"
#include "verilated_sym_props.h"
#define STRING_OF(x) #x
#define HEADER_OF(x) STRING_OF(x.h)
#include HEADER_OF(MODEL)
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

#include "failure.h"

// Channels of card memory that the structs have room for.
constexpr int channels_max = 4;
static_assert(CHANNELS <= channels_max);

// AXI4 responses to the card on one port.
struct PortInputs {
  uint32_t rdata[16];
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
};

// AXI4 requests of the card on one port.
struct PortOutputs {
  uint32_t wdata[16];
  uint64_t wstrb;
  uint64_t awaddr;
  uint64_t araddr;
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
};

struct Inputs {
  PortInputs host;
  PortInputs memory[channels_max];
  uint32_t memory_units[channels_max];
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
  uint8_t msix_ready;
};

struct Outputs {
  PortOutputs host;
  PortOutputs memory[channels_max];
  uint32_t axil_rdata;
  uint8_t axil_awready;
  uint8_t axil_wready;
  uint8_t axil_bvalid;
  uint8_t axil_bresp;
  uint8_t axil_arready;
  uint8_t axil_rvalid;
  uint8_t axil_rresp;
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

// The same signals of the host's port, which has no index, and of a channel's.
#define DRIVE_PORT(prefix, index, port) \
  m.prefix##_awready index = (port).awready; \
  m.prefix##_wready index = (port).wready; \
  m.prefix##_bvalid index = (port).bvalid; \
  m.prefix##_bid index = (port).bid; \
  m.prefix##_bresp index = (port).bresp; \
  m.prefix##_arready index = (port).arready; \
  m.prefix##_rvalid index = (port).rvalid; \
  m.prefix##_rid index = (port).rid; \
  m.prefix##_rresp index = (port).rresp; \
  m.prefix##_rlast index = (port).rlast; \
  if ((port).rvalid) std::memcpy(&m.prefix##_rdata index[0], (port).rdata, sizeof (port).rdata)

#define SAMPLE_PORT(prefix, index, port) \
  (port).awvalid = m.prefix##_awvalid index; \
  (port).awid = m.prefix##_awid index; \
  (port).awaddr = m.prefix##_awaddr index; \
  (port).awlen = m.prefix##_awlen index; \
  (port).wvalid = m.prefix##_wvalid index; \
  (port).wlast = m.prefix##_wlast index; \
  (port).bready = m.prefix##_bready index; \
  (port).araddr = m.prefix##_araddr index; \
  (port).arid = m.prefix##_arid index; \
  (port).arlen = m.prefix##_arlen index; \
  (port).arvalid = m.prefix##_arvalid index; \
  (port).rready = m.prefix##_rready index; \
  if (m.prefix##_wvalid index) { \
    (port).wstrb = m.prefix##_wstrb index; \
    std::memcpy((port).wdata, &m.prefix##_wdata index[0], sizeof (port).wdata); \
  }

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
  DRIVE_PORT(m_axi, , in.host);
  for (int c = 0; c < CHANNELS; ++c) {
    DRIVE_PORT(m_axi_mem, [c], in.memory[c]);
    m.memory_units_i[c] = in.memory_units[c];
  }
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
  SAMPLE_PORT(m_axi, , out.host);
  for (int c = 0; c < CHANNELS; ++c) {
    SAMPLE_PORT(m_axi_mem, [c], out.memory[c]);
  }
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

// Flips bit `bit` of the register `name` of the module instance `scope`, or clears it. Both must be listed in public.vlt.
// Returns 0, or 1 where there is no such bit.
int CARD(bit)(Card* card, const char* scope, const char* name, unsigned bit, unsigned flip) {
  const std::string path = std::string{"TOP."} + scope;
  const VerilatedScope* const found = card->context.scopeFind(path.c_str());
  const VerilatedVar* const variable = found ? found->varFind(name) : nullptr;
  if (!variable || bit >= variable->entBits()) return 1;
  // Little-endian words of whatever size: byte n holds bits 8n and up.
  uint8_t& byte = static_cast<uint8_t*>(variable->datap())[bit / 8];
  const uint8_t mask = 1 << bit % 8;
  byte = flip ? byte ^ mask : byte & ~mask;
  return 0;
}

}  // extern "C"
