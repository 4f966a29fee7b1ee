// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// BAR0: the generated register block, with what the core says in it and the doorbells as a stream.
///
/// Addresses beyond the block read as zero and ignore writes. A doorbell is reported one cycle after its register
/// was written. Only `rst_i` resets the registers; the core's soft reset leaves them and the port alone.
module csr_block import whorl_gen_pkg::*, queue_pkg::*; #(
  parameter int unsigned Streams    = 1,
  parameter int unsigned Probes     = 1,
  parameter int unsigned QueuePairs = 4,
  parameter int unsigned Channels   = 1,
  parameter logic [31:0] BuildId    = 0,
  localparam int unsigned Ports     = Channels == 0 ? 1 : Channels
) (
  input  logic        clk_i,
  input  logic        rst_i,
  // AXI4-Lite
  input  logic [15:0] s_axil_awaddr,
  input  logic        s_axil_awvalid,
  output logic        s_axil_awready,
  input  logic [31:0] s_axil_wdata,
  input  logic [3:0]  s_axil_wstrb,
  input  logic        s_axil_wvalid,
  output logic        s_axil_wready,
  output logic [1:0]  s_axil_bresp,
  output logic        s_axil_bvalid,
  input  logic        s_axil_bready,
  input  logic [15:0] s_axil_araddr,
  input  logic        s_axil_arvalid,
  output logic        s_axil_arready,
  output logic [31:0] s_axil_rdata,
  output logic [1:0]  s_axil_rresp,
  output logic        s_axil_rvalid,
  input  logic        s_axil_rready,
  // control
  output logic        enable_o,
  output logic        reset_o,         // pulse
  output logic        clear_errors_o,  // pulse
  output logic [31:0] bus_timeout_o,   // cycles, 0: never
  output logic [31:0] watchdog_o,      // units of 1024 cycles, 0: never
  output pair_setup_t admin_setup_o,
  output logic        doorbell_valid_o,
  output doorbell_t   doorbell_o,
  // state
  input  logic [31:0] memory_units_i [Ports],  // size of each channel, CHANNEL_UNIT_BYTES
  input  logic           ready_i,
  input  logic           busy_i,
  input  logic           dma_idle_i,
  input  logic           hung_i,
  input  logic           fault_i,
  input  error_t         error_i,         // zero while there is no fault
  input  error_t         latest_error_i,  // the same
  input  logic [31:0]    error_count_i,
  input  counters_t      counters_i,
  input  stream_totals_t stream_i [Streams],
  input  queue_pair_t    pair_i [QueuePairs]
);
  localparam int unsigned AddressBits = whorl_csr_pkg::WHORL_CSR_MIN_ADDR_WIDTH;

  whorl_csr_pkg::whorl_csr__in_t  to_csr;
  whorl_csr_pkg::whorl_csr__out_t from_csr;

  // An address outside goes to the last word of the decoded range, where no register lies.
  function automatic logic [AddressBits-1:0] decoded(logic [15:0] address);
    return (address >> AddressBits) != '0 ? {{(AddressBits - 2){1'b1}}, 2'b00} : address[AddressBits-1:0];
  endfunction

  whorl_csr i_csr (
    .clk           (clk_i),
    .rst           (rst_i),
    .s_axil_awready,
    .s_axil_awvalid,
    .s_axil_awaddr (decoded(s_axil_awaddr)),
    .s_axil_awprot (3'b000),
    .s_axil_wready,
    .s_axil_wvalid,
    .s_axil_wdata,
    .s_axil_wstrb,
    .s_axil_bready,
    .s_axil_bvalid,
    .s_axil_bresp,
    .s_axil_arready,
    .s_axil_arvalid,
    .s_axil_araddr (decoded(s_axil_araddr)),
    .s_axil_arprot (3'b000),
    .s_axil_rready,
    .s_axil_rvalid,
    .s_axil_rdata,
    .s_axil_rresp,
    .hwif_in       (to_csr),
    .hwif_out      (from_csr)
  );

  // Registers of pairs that this card does not have read as zero.
  entry_index_t sq_head [QUEUE_PAIRS_MAX];
  entry_index_t cq_tail [QUEUE_PAIRS_MAX];
  for (genvar q = 0; q < QUEUE_PAIRS_MAX; q++) begin : gen_pair
    if (q < QueuePairs) begin : gen_there
      assign sq_head[q] = pair_i[q].sq_head;
      assign cq_tail[q] = pair_i[q].cq_tail;
    end else begin : gen_absent
      assign sq_head[q] = '0;
      assign cq_tail[q] = '0;
    end
  end

  // So do those of streams.
  stream_totals_t totals [STREAMS_MAX];
  for (genvar s = 0; s < STREAMS_MAX; s++) begin : gen_stream
    if (s < Streams) begin : gen_there
      assign totals[s] = stream_i[s];
    end else begin : gen_absent
      assign totals[s] = '0;
    end
  end

  // A read finds the state as it was when its address came: the register block then chooses from registers, not from
  // whatever the core works out in that cycle.
  always_ff @(posedge clk_i) if (s_axil_arvalid) begin
    to_csr.id_version.minor.next                   <= 16'(INTERFACE_MINOR);
    to_csr.id_version.major.next                   <= 16'(INTERFACE_MAJOR);
    to_csr.id_spec_hash.value.next                 <= SPEC_HASH;
    to_csr.id_build.value.next                     <= BuildId;
    to_csr.capability0.streams.next                <= 8'(Streams);
    to_csr.capability0.probes.next                 <= 8'(Probes);
    to_csr.capability0.queue_pairs.next            <= 8'(QueuePairs);
    to_csr.capability0.lanes.next                  <= 8'(LANES);
    to_csr.capability1.top_k_max.next              <= 16'(TOP_K_MAX);
    to_csr.capability1.queue_entries_log2_max.next <= 8'(QUEUE_ENTRIES_LOG2_MAX);
    to_csr.capability1.memory_channels.next        <= 8'(Channels);
    to_csr.status.ready.next                       <= ready_i;
    to_csr.status.busy.next                        <= busy_i;
    to_csr.status.dma_idle.next                    <= dma_idle_i;
    to_csr.status.fault.next                       <= fault_i;
    to_csr.status.hung.next                        <= hung_i;
    to_csr.error_log.code.next                     <= error_i.code;
    to_csr.error_log.queue_index.next              <= error_i.queue_index;
    to_csr.error_log.tag.next                      <= error_i.tag;
    {to_csr.error_address_hi.value.next, to_csr.error_address_lo.value.next} <= error_i.host_addr;
    to_csr.error_count.value.next                  <= error_count_i;
    to_csr.last_error.code.next                    <= latest_error_i.code;
    to_csr.last_error.queue_index.next             <= latest_error_i.queue_index;
    to_csr.last_error.tag.next                     <= latest_error_i.tag;
    {to_csr.last_error_address_hi.value.next, to_csr.last_error_address_lo.value.next} <= latest_error_i.host_addr;
    {to_csr.cycles_hi.value.next, to_csr.cycles_lo.value.next}               <= counters_i.cycles;
    {to_csr.busy_cycles_hi.value.next, to_csr.busy_cycles_lo.value.next}     <= counters_i.busy_cycles;
    {to_csr.read_beats_hi.value.next, to_csr.read_beats_lo.value.next}       <= counters_i.read_beats;
    {to_csr.write_beats_hi.value.next, to_csr.write_beats_lo.value.next}     <= counters_i.write_beats;
    {to_csr.records_hi.value.next, to_csr.records_lo.value.next}             <= counters_i.records;
    {to_csr.minutiae_hi.value.next, to_csr.minutiae_lo.value.next}           <= counters_i.minutiae;
    to_csr.read_errors.value.next                  <= counters_i.read_errors;
    to_csr.write_errors.value.next                 <= counters_i.write_errors;
    to_csr.commands.value.next                     <= counters_i.commands;
    {to_csr.comparisons_hi.value.next, to_csr.comparisons_lo.value.next}     <= counters_i.comparisons;
    {to_csr.candidates_hi.value.next, to_csr.candidates_lo.value.next}       <= counters_i.candidates;
    {to_csr.read_wait_hi.value.next, to_csr.read_wait_lo.value.next}         <= counters_i.read_wait;
    {to_csr.read_hold_hi.value.next, to_csr.read_hold_lo.value.next}         <= counters_i.read_hold;
    for (int unsigned s = 0; s < STREAMS_MAX; s++) begin
      {to_csr.stream[s].active_hi.value.next, to_csr.stream[s].active_lo.value.next}               <= totals[s].active;
      {to_csr.stream[s].minutiae_hi.value.next, to_csr.stream[s].minutiae_lo.value.next}           <= totals[s].minutiae;
      {to_csr.stream[s].records_hi.value.next, to_csr.stream[s].records_lo.value.next}             <= totals[s].records;
      {to_csr.stream[s].lines_hi.value.next, to_csr.stream[s].lines_lo.value.next}                 <= totals[s].lines;
      {to_csr.stream[s].starved_hi.value.next, to_csr.stream[s].starved_lo.value.next}             <= totals[s].starved;
      {to_csr.stream[s].stall_engine_hi.value.next, to_csr.stream[s].stall_engine_lo.value.next}   <= totals[s].stall_engine;
      {to_csr.stream[s].stall_collect_hi.value.next, to_csr.stream[s].stall_collect_lo.value.next} <= totals[s].stall_collect;
    end
    // Registers of channels that this card does not have read as zero.
    for (int unsigned c = 0; c < CHANNELS_MAX; c++) to_csr.memory[c].units.value.next <= '0;
    for (int unsigned c = 0; c < Ports; c++) begin
      if (Channels != 0) to_csr.memory[c].units.value.next <= memory_units_i[c];
    end
    for (int unsigned q = 0; q < QUEUE_PAIRS_MAX; q++) begin
      to_csr.queue_pair[q].sq_head.value.next <= 16'(sq_head[q]);
      to_csr.queue_pair[q].cq_tail.value.next <= 16'(cq_tail[q]);
    end
  end

  assign enable_o       = from_csr.control.enable.value;
  assign reset_o        = from_csr.control.reset.value;
  assign clear_errors_o = from_csr.control.clear_errors.value;
  assign bus_timeout_o  = from_csr.bus_timeout.value.value;
  assign watchdog_o     = from_csr.watchdog.value.value;
  // Rings are aligned to lines; the low bits of their bases do not exist.
  assign admin_setup_o  = '{
    queue_index:  8'd0,
    sq_base:      {from_csr.admin_sq_base_hi.value.value, from_csr.admin_sq_base_lo.value.value[31:6], 6'd0},
    cq_base:      {from_csr.admin_cq_base_hi.value.value, from_csr.admin_cq_base_lo.value.value[31:6], 6'd0},
    entries_log2: 8'(from_csr.admin_queue.entries_log2.value)
  };

  // `swmod` comes with the write, the value one cycle later. The port carries one write per cycle.
  logic       rung, completion, completion_q;
  logic [7:0] index, index_q;

  always_comb begin
    rung       = 1'b0;
    index      = '0;
    completion = 1'b0;
    for (int unsigned q = 0; q < QUEUE_PAIRS_MAX; q++) begin
      if (from_csr.queue_pair[q].sq_tail.value.swmod || from_csr.queue_pair[q].cq_head.value.swmod) begin
        rung       = 1'b1;
        index      = 8'(q);
        completion = from_csr.queue_pair[q].cq_head.value.swmod;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    doorbell_valid_o <= rung && !rst_i;
    index_q          <= index;
    completion_q     <= completion;
  end

  always_comb begin
    doorbell_o = '{queue_index: index_q, completion: completion_q, value: '0};
    for (int unsigned q = 0; q < QUEUE_PAIRS_MAX; q++) begin
      if (index_q == 8'(q)) begin
        doorbell_o.value = completion_q ? from_csr.queue_pair[q].cq_head.value.value : from_csr.queue_pair[q].sq_tail.value.value;
      end
    end
  end

  `ASSERT_NEXT(WriteResponseHeld, s_axil_bvalid && !s_axil_bready, s_axil_bvalid)
  `ASSERT_HELD(ReadDataHeld, s_axil_rvalid, s_axil_rready, s_axil_rdata)
  `ASSERT_IF(DoorbellOfAPair, doorbell_valid_o, doorbell_o.queue_index < 8'(QUEUE_PAIRS_MAX))
endmodule
