// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Executes LOAD_PROBE: reads a probe image and feeds it to a probe slot while its CRC-32C is taken.
///
/// One line per cycle. The slot counts as loaded only when the whole image came and its CRC fits; after every
/// other end that touched the image it is discarded.
module probe_exec import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*, match_pkg::*; #(
  parameter int unsigned Probes = 1
) (
  input  logic            clk_i,
  input  logic            rst_i,
  input  logic            start_i,   // pulse
  input  sqe_load_probe_t sqe_i,     // stable from start_i to done_o
  input  logic            abort_i,
  output logic            done_o,    // pulse
  output outcome_t        outcome_o,
  // client of axi_read_port
  output logic            burst_valid_o,
  input  logic            burst_ready_i,
  output burst_t          burst_o,
  input  logic            beat_valid_i,
  input  read_beat_t      beat_i,
  // match_array
  output logic            probe_line_valid_o,
  input  logic            probe_line_ready_i,
  output probe_line_t     probe_line_o,
  output logic            probe_discard_valid_o,
  output logic [7:0]      probe_discard_slot_o
);
  // Deep enough for two bursts: a probe is loaded once and searched for long.
  localparam int unsigned BufferLines = 2 * BURST_LINES_MAX;

  typedef enum logic [2:0] {IDLE, CHECK, REQUEST, STREAM, VERIFY, FLUSH, DONE} state_e;

  state_e         state_q;
  outcome_t       outcome_q;
  logic [7:0]     index_q;      // lines fed or refused
  logic [1:0]     settle_q;     // the CRC's two stages
  logic           request_ready, line_valid, line_ready, flush, fetch_idle, take, fields_valid;
  fetched_line_t  line;
  logic [31:0]    crc;
  fetch_request_t request;

  assign fields_valid = sqe_i.probe_slot < 8'(Probes) && sqe_i.image_address[LINE_OFFSET_BITS-1:0] == '0
      && 32'(sqe_i.gate) <= GATE_MAX;
  assign request      = '{host_addr: sqe_i.image_address, lines: 24'(PROBE_IMAGE_LINES)};
  assign flush        = state_q == FLUSH;
  // A line moves when the register before the match array is free.
  assign line_ready   = state_q == STREAM && (!probe_line_valid_o || probe_line_ready_i);
  assign take         = line_valid && line_ready;

  line_fetch #(.Depth(BufferLines)) i_fetch (
    .clk_i,
    .rst_i,
    .flush_i        (flush),
    .idle_o         (fetch_idle),
    .request_valid_i(state_q == REQUEST),
    .request_ready_o(request_ready),
    .request_i      (request),
    .burst_valid_o,
    .burst_ready_i,
    .burst_o,
    .beat_valid_i,
    .beat_i,
    .line_valid_o   (line_valid),
    .line_ready_i   (line_ready),
    .line_o         (line)
  );

  crc32c i_crc (
    .clk_i,
    .rst_i,
    .clear_i     (state_q == REQUEST),
    .line_valid_i(take && !line.error),
    .line_i      (line.data),
    .crc_o       (crc)
  );

  always_ff @(posedge clk_i) begin
    if (probe_line_ready_i) probe_line_valid_o <= 1'b0;
    unique case (state_q)
      IDLE: begin
        outcome_q <= '0;
        index_q   <= '0;
        if (start_i) state_q <= CHECK;
      end
      CHECK: begin
        outcome_q.status <= fields_valid ? STATUS_SUCCESS : STATUS_INVALID_FIELD;
        state_q          <= fields_valid ? REQUEST : DONE;
      end
      REQUEST: if (request_ready) state_q <= STREAM;
      STREAM: begin
        settle_q <= '0;
        if (take) begin
          index_q <= index_q + 8'd1;
          if (line.error) begin
            outcome_q <= '{status: STATUS_DMA_READ_ERROR, detail: '0, host_addr: sqe_i.image_address + (64'(index_q) << LINE_OFFSET_BITS)};
            state_q   <= FLUSH;
          end else begin
            probe_line_valid_o <= 1'b1;
            probe_line_o       <= '{data: line.data, gate: sqe_i.gate[6:0], slot: sqe_i.probe_slot, index: index_q};
            if (index_q == 8'(PROBE_IMAGE_LINES - 1)) state_q <= VERIFY;
          end
        end else if (abort_i) begin
          outcome_q.status <= STATUS_ABORTED;
          state_q          <= FLUSH;
        end
      end
      VERIFY: begin
        settle_q <= {settle_q[0], 1'b1};
        // The last line must be in the slot before a discard can take it away again.
        if (settle_q == '1 && !probe_line_valid_o) begin
          if (crc != sqe_i.crc32c) outcome_q <= '{status: STATUS_CRC_MISMATCH, detail: '0, host_addr: sqe_i.image_address};
          state_q <= crc != sqe_i.crc32c ? FLUSH : DONE;
        end
      end
      FLUSH: if (fetch_idle && !probe_line_valid_o) state_q <= DONE;
      default: state_q <= IDLE;  // DONE
    endcase
    if (rst_i) begin
      state_q            <= IDLE;
      probe_line_valid_o <= 1'b0;
    end
  end

  assign done_o                = state_q == DONE;
  assign outcome_o             = outcome_q;
  assign probe_discard_valid_o = state_q == DONE && !(outcome_q.status inside {STATUS_SUCCESS, STATUS_INVALID_FIELD});
  assign probe_discard_slot_o  = sqe_i.probe_slot;

  `ASSERT_HELD(ProbeLineHeld, probe_line_valid_o, probe_line_ready_i, probe_line_o)
  `ASSERT_IF(WholeImageOnSuccess, done_o && outcome_q.status == STATUS_SUCCESS, index_q == 8'(PROBE_IMAGE_LINES))
  `ASSERT_IF(NothingBehindADiscard, probe_discard_valid_o, !probe_line_valid_o && fetch_idle)
endmodule
