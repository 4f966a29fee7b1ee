// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Stands between axi_write_port and its clients, so that an answer that never comes ends a burst and not the card.
///
/// Adds no cycle. A client that has waited for `timeout_i` cycles is hung: every burst that it has begun or begins is
/// taken from it and answered with an error. A burst that the port has already taken is ended with beats that write
/// nothing, as AXI asks; late answers are swallowed, and with the last of them the client is well again.
/// `clear_i`, the clients' reset, hangs every identifier that the bus still owes something; only `rst_i` forgets that.
module write_guard import whorl_gen_pkg::*, dma_pkg::*; #(
  parameter int unsigned Clients = 2
) (
  input  logic               clk_i,
  input  logic               rst_i,      // with the port
  input  logic               clear_i,    // the clients are in reset
  input  logic [31:0]        timeout_i,  // cycles, 0: never
  output logic [Clients-1:0] hung_o,
  output logic               settled_o,  // the bus owes nothing but to hung clients
  // clients
  input  logic [Clients-1:0] burst_valid_i,
  output logic [Clients-1:0] burst_ready_o,
  input  burst_t             burst_i [Clients],
  input  logic [Clients-1:0] beat_valid_i,
  output logic [Clients-1:0] beat_ready_o,
  input  write_beat_t        beat_i [Clients],
  output logic [Clients-1:0] response_valid_o,
  output logic               response_error_o,
  // axi_write_port, which takes the clients' burst_i itself
  output logic [Clients-1:0] port_burst_valid_o,
  input  logic [Clients-1:0] port_burst_ready_i,
  output logic [Clients-1:0] port_beat_valid_o,
  input  logic [Clients-1:0] port_beat_ready_i,
  output write_beat_t        port_beat_o [Clients],
  input  logic [Clients-1:0] port_response_valid_i,
  input  logic               port_response_error_i
);
  localparam int unsigned BurstBits = $clog2(WRITES_IN_FLIGHT_MAX + 1);

  logic [BurstBits-1:0] owed_q [Clients];                       // answers owed to the client
  logic [BurstBits-1:0] bursts_q [Clients], bursts [Clients];   // answers owed by the bus
  logic [8:0]           left_q [Clients], port_left_q [Clients];  // beats due from the client; to the port
  logic [Clients-1:0]   hung_q, expired, asked, waiting, owed, begun, filling, taken, port_taken, refused;
  logic                 bus_free;

  assign hung_o             = hung_q;
  assign port_burst_valid_o = clear_i ? '0 : burst_valid_i & ~hung_q;
  assign burst_ready_o      = port_burst_ready_i | hung_q;
  assign asked              = burst_valid_i & burst_ready_o;
  assign beat_ready_o       = (port_beat_ready_i & ~hung_q) | (hung_q & begun);
  assign port_beat_valid_o  = (clear_i ? '0 : beat_valid_i & ~hung_q) | filling;
  assign taken              = beat_valid_i & beat_ready_o;
  assign port_taken         = port_beat_valid_o & port_beat_ready_i;
  assign waiting            = ~hung_q & (burst_valid_i | owed);
  // A refusal uses a cycle without an answer of the bus, when the client has sent its beats; clients take turns.
  assign bus_free           = (port_response_valid_i & ~hung_q) == '0;
  assign response_valid_o   = bus_free ? refused : port_response_valid_i & ~hung_q;
  assign response_error_o   = bus_free ? refused != '0 : port_response_error_i;

  always_comb begin
    for (int unsigned c = 0; c < Clients; c++) begin
      owed[c]        = owed_q[c] != '0;
      begun[c]       = left_q[c] != '0;
      filling[c]     = hung_q[c] && port_left_q[c] != '0;
      port_beat_o[c] = beat_i[c];
      if (hung_q[c]) begin
        port_beat_o[c].strobe = '0;
        port_beat_o[c].last   = port_left_q[c] == 9'd1;
      end
    end
  end

  always_comb begin
    settled_o = 1'b1;
    for (int unsigned c = 0; c < Clients; c++) begin
      bursts[c] = bursts_q[c] + BurstBits'(port_burst_valid_o[c] && port_burst_ready_i[c]) - BurstBits'(port_response_valid_i[c]);
      if (bursts_q[c] != '0 && !hung_q[c]) settled_o = 1'b0;
    end
  end

  rr_arbiter #(.Requesters(Clients)) i_turns (
    .clk_i,
    .rst_i,
    .request_i(hung_q & owed & ~begun),
    .advance_i(bus_free),
    .grant_o  (refused)
  );

  burst_timer #(.Clients(Clients)) i_timer (
    .clk_i,
    .rst_i,
    .limit_i   (timeout_i),
    .waiting_i (waiting),
    .progress_i(port_response_valid_i | asked | taken),
    .expired_o (expired)
  );

  always_ff @(posedge clk_i) begin
    for (int unsigned c = 0; c < Clients; c++) begin
      owed_q[c]   <= owed_q[c] + BurstBits'(asked[c]) - BurstBits'(response_valid_o[c]);
      bursts_q[c] <= bursts[c];
      if (asked[c]) left_q[c] <= 9'(burst_i[c].lines_less1) + 1'b1;
      else left_q[c] <= left_q[c] - 9'(taken[c]);
      if (port_burst_valid_o[c] && port_burst_ready_i[c]) port_left_q[c] <= 9'(burst_i[c].lines_less1) + 1'b1;
      else port_left_q[c] <= port_left_q[c] - 9'(port_taken[c]);
      if (expired[c]) hung_q[c] <= 1'b1;
      else if (bursts_q[c] == '0 && !owed[c] && !begun[c] && !asked[c]) hung_q[c] <= 1'b0;
      if (clear_i || rst_i) begin
        owed_q[c] <= '0;
        left_q[c] <= '0;
        hung_q[c] <= bursts[c] != '0;
      end
      if (rst_i) begin
        bursts_q[c]    <= '0;
        port_left_q[c] <= '0;
        hung_q[c]      <= 1'b0;
      end
    end
  end

  for (genvar c = 0; c < Clients; c++) begin : gen_client
    `ASSERT_HELD_UNLESS(BurstHeld, clear_i, burst_valid_i[c], burst_ready_o[c], burst_i[c])
    `ASSERT_HELD_UNLESS(BeatHeld, clear_i, beat_valid_i[c], beat_ready_o[c], beat_i[c])
    `ASSERT_IF(AnswersWhatIsOwed, response_valid_o[c] && !clear_i, owed[c])
    `ASSERT_IF(BusAnswersWhatItOwes, port_response_valid_i[c], bursts_q[c] != '0)
    `ASSERT_IF(FillerWritesNothing, filling[c], port_beat_valid_o[c] && port_beat_o[c].strobe == '0)
  end
  `ASSERT(OneAnswer, $onehot0(response_valid_o))
endmodule
