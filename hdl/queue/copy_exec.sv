// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Executes COPY: reads lines from one memory, takes their CRC-32C, and writes them to another.
///
/// Write bursts end at multiples of 1 KiB of the destination, whatever the source's alignment; one is asked for when
/// the buffer holds all of it, so a granted burst never waits for the source. 16 lines in about 19 cycles; 250 cycles
/// of latency are hidden by the depth of the buffer. The first error, or an abort, ends the copy behind the burst in
/// hand. It is over when every write is answered.
module copy_exec import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*; #(
  parameter int unsigned Channels = 1,
  localparam int unsigned Ports   = Channels == 0 ? 1 : Channels
) (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic        start_i,                 // pulse
  input  sqe_copy_t   sqe_i,                   // stable from start_i to done_o
  input  logic        abort_i,
  output logic        done_o,                  // pulse
  output outcome_t    outcome_o,
  input  logic [31:0] memory_units_i [Ports],  // size of each channel, CHANNEL_UNIT_BYTES
  // client of an axi_read_port
  output logic        burst_valid_o,
  input  logic        burst_ready_i,
  output burst_t      burst_o,
  output memory_t     memory_o,                // whose port
  input  logic        beat_valid_i,
  input  read_beat_t  beat_i,
  // client of an axi_write_port
  output logic        write_burst_valid_o,
  input  logic        write_burst_ready_i,
  output burst_t      write_burst_o,
  output memory_t     write_memory_o,
  output logic        write_beat_valid_o,
  input  logic        write_beat_ready_i,
  output write_beat_t write_beat_o,
  input  logic        write_response_valid_i,
  input  logic        write_response_error_i
);
  localparam int unsigned BufferLines  = 256;
  localparam int unsigned HeldBits     = $clog2(BufferLines) + 1;
  localparam int unsigned InFlightBits = $clog2(WRITES_IN_FLIGHT_MAX + 1);

  typedef enum logic [3:0] {IDLE, CHECK, REQUEST, FILL, ASK, SEND, VERIFY, FLUSH, DONE} state_e;

  state_e                  state_q;
  outcome_t                outcome_q;
  logic [63:0]             source_addr_q, write_addr_q, answer_addr_q;  // next line to come, to send, to be answered for
  logic [23:0]             remaining_q;              // lines not sent
  logic [HeldBits-1:0]     held_q;                   // lines that came and are not sent
  logic [BURST_BITS:0]     to_end, burst_lines, unsent_q;
  logic [InFlightBits-1:0] in_flight_q;
  logic [1:0]              settle_q;                 // the CRC's two stages
  logic                    read_error_q, write_error_q;
  logic [63:0]             read_error_addr_q, write_error_addr_q;
  logic                    fields_valid, source_valid, destination_valid;
  logic                    request_ready, fetch_idle, line_valid, line_ready, send;
  fetched_line_t           line;
  logic [31:0]             crc;

  memory_range #(.Channels(Channels)) i_source (
    .memory_units_i,
    .memory_i   (sqe_i.source_memory),
    .host_addr_i(sqe_i.source_address),
    .lines_i    (sqe_i.lines[23:0]),
    .valid_o    (source_valid)
  );

  memory_range #(.Channels(Channels)) i_destination (
    .memory_units_i,
    .memory_i   (sqe_i.destination_memory),
    .host_addr_i(sqe_i.destination_address),
    .lines_i    (sqe_i.lines[23:0]),
    .valid_o    (destination_valid)
  );

  line_fetch #(.Depth(BufferLines)) i_fetch (
    .clk_i,
    .rst_i,
    .flush_i        (state_q == FLUSH),
    .idle_o         (fetch_idle),
    .request_valid_i(state_q == REQUEST),
    .request_ready_o(request_ready),
    .request_i      ('{host_addr: sqe_i.source_address, lines: sqe_i.lines[23:0]}),
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
    .line_valid_i(send),
    .line_i      (line.data),
    .crc_o       (crc)
  );

  assign fields_valid = sqe_i.source_address[LINE_OFFSET_BITS-1:0] == '0 && sqe_i.destination_address[LINE_OFFSET_BITS-1:0] == '0
      && sqe_i.lines != '0 && sqe_i.lines <= EXTENT_LINES_MAX;
  assign to_end       = lines_to_burst_end(write_addr_q[LINE_OFFSET_BITS +: BURST_BITS]);
  assign burst_lines  = remaining_q < 24'(to_end) ? remaining_q[BURST_BITS:0] : to_end;

  assign memory_o            = memory_t'(sqe_i.source_memory);
  assign write_memory_o      = memory_t'(sqe_i.destination_memory);
  assign write_burst_valid_o = state_q == ASK;
  assign write_burst_o       = '{host_addr: write_addr_q, lines_less1: 8'(burst_lines) - 8'd1};
  assign write_beat_valid_o  = state_q == SEND && line_valid;
  assign write_beat_o        = '{data: line.data, strobe: '1, last: unsent_q == (BURST_BITS + 1)'(1)};
  assign line_ready          = state_q == SEND && write_beat_ready_i;
  assign send                = line_valid && line_ready;

  always_ff @(posedge clk_i) begin
    settle_q <= '0;
    unique case (state_q)
      IDLE: begin
        outcome_q     <= '0;
        source_addr_q <= sqe_i.source_address;
        write_addr_q  <= sqe_i.destination_address;
        answer_addr_q <= sqe_i.destination_address;
        remaining_q   <= sqe_i.lines[23:0];
        held_q        <= '0;
        read_error_q  <= 1'b0;
        write_error_q <= 1'b0;
        if (start_i) state_q <= CHECK;
      end
      CHECK: begin
        if (!fields_valid) outcome_q.status <= STATUS_INVALID_FIELD;
        else if (!source_valid) outcome_q <= '{status: STATUS_ADDRESS_RANGE, detail: '0, host_addr: sqe_i.source_address};
        else if (!destination_valid) outcome_q <= '{status: STATUS_ADDRESS_RANGE, detail: '0, host_addr: sqe_i.destination_address};
        state_q <= fields_valid && source_valid && destination_valid ? REQUEST : DONE;
      end
      REQUEST: if (request_ready) state_q <= FILL;
      FILL: begin
        unsent_q <= burst_lines;
        if (read_error_q) outcome_q <= '{status: STATUS_DMA_READ_ERROR, detail: '0, host_addr: read_error_addr_q};
        else if (write_error_q) outcome_q <= '{status: STATUS_DMA_WRITE_ERROR, detail: '0, host_addr: write_error_addr_q};
        else if (abort_i) outcome_q.status <= STATUS_ABORTED;
        if (read_error_q || write_error_q || abort_i) state_q <= FLUSH;
        else if (held_q >= HeldBits'(burst_lines)) state_q <= ASK;
      end
      ASK: if (write_burst_ready_i) state_q <= SEND;
      SEND: if (send) begin
        unsent_q     <= unsent_q - 1'b1;
        write_addr_q <= write_addr_q + 64'(LINE_BYTES);
        remaining_q  <= remaining_q - 24'd1;
        if (write_beat_o.last) state_q <= remaining_q == 24'd1 ? VERIFY : FILL;
      end
      VERIFY: begin
        settle_q <= {settle_q[0], 1'b1};
        if (settle_q == '1 && in_flight_q == '0) begin
          if (write_error_q) outcome_q <= '{status: STATUS_DMA_WRITE_ERROR, detail: '0, host_addr: write_error_addr_q};
          else if (crc != sqe_i.crc32c) outcome_q <= '{status: STATUS_CRC_MISMATCH, detail: '0, host_addr: sqe_i.source_address};
          state_q <= DONE;
        end
      end
      FLUSH: if (fetch_idle && in_flight_q == '0) state_q <= DONE;
      default: state_q <= IDLE;  // DONE
    endcase

    if (beat_valid_i) begin
      source_addr_q <= source_addr_q + 64'(LINE_BYTES);
      if (beat_i.error && !read_error_q) begin
        read_error_q      <= 1'b1;
        read_error_addr_q <= source_addr_q;
      end
    end
    if (state_q != IDLE) held_q <= held_q + HeldBits'(beat_valid_i) - HeldBits'(send);
    // Answers come in the order of the bursts, which end at multiples of 1 KiB.
    if (write_response_valid_i) begin
      answer_addr_q <= {answer_addr_q[63:LINE_OFFSET_BITS+BURST_BITS] + 1'b1, (LINE_OFFSET_BITS + BURST_BITS)'(0)};
      if (write_response_error_i && !write_error_q) begin
        write_error_q      <= 1'b1;
        write_error_addr_q <= answer_addr_q;
      end
    end
    in_flight_q <= in_flight_q + InFlightBits'(write_burst_valid_o && write_burst_ready_i) - InFlightBits'(write_response_valid_i);
    if (rst_i) begin
      state_q     <= IDLE;
      in_flight_q <= '0;
    end
  end

  assign done_o    = state_q == DONE;
  assign outcome_o = outcome_q;

  `ASSERT_HELD(WriteBurstHeld, write_burst_valid_o, write_burst_ready_i, write_burst_o)
  `ASSERT_HELD(WriteBeatHeld, write_beat_valid_o, write_beat_ready_i, write_beat_o)
  `ASSERT_IF(BeatsWaitForNobody, state_q == SEND, held_q >= HeldBits'(unsent_q))
  `ASSERT_IF(NoDamagedLineIsSent, send, !line.error)
  `ASSERT_IF(EverythingAnswered, done_o, in_flight_q == '0 && fetch_idle)
  `ASSERT_IF(WholeOnSuccess, done_o && outcome_q.status == STATUS_SUCCESS, remaining_q == '0)
endmodule
