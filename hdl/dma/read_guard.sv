// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Stands between axi_read_port and its clients, so that an answer that never comes ends a burst and not the card.
///
/// Adds no cycle. A client that has waited for `timeout_i` cycles is hung: it is given an error beat for every beat that
/// it still owns, and so is every burst that it asks for from then on; what the bus owed to its identifier is swallowed
/// when it comes after all, and with the last of it the client is well again. So no late beat meets a later burst.
/// `clear_i`, the clients' reset, hangs every identifier that the bus still owes something; only `rst_i` forgets that.
module read_guard import dma_pkg::*; #(
  parameter int unsigned Clients = 4
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
  output logic [Clients-1:0] beat_valid_o,
  output read_beat_t         beat_o,
  // axi_read_port, which takes the clients' burst_i itself
  output logic [Clients-1:0] port_burst_valid_o,
  input  logic [Clients-1:0] port_burst_ready_i,
  input  logic [Clients-1:0] port_beat_valid_i,
  input  read_beat_t         port_beat_i
);
  localparam int unsigned BeatBits  = $clog2(READS_IN_FLIGHT_MAX * 64 + 1);  // a burst within 4 KiB has 64 at most
  localparam int unsigned BurstBits = $clog2(READS_IN_FLIGHT_MAX + 1);

  logic [BeatBits-1:0]  beats_q [Clients];   // owed to the client
  logic [BurstBits-1:0] bursts_q [Clients], bursts [Clients];  // owed by the bus
  logic [Clients-1:0]   hung_q, expired, asked, waiting, owed, spoilt;
  logic                 bus_free;

  assign hung_o             = hung_q;
  assign port_burst_valid_o = clear_i ? '0 : burst_valid_i & ~hung_q;
  assign burst_ready_o      = port_burst_ready_i | hung_q;
  assign asked              = burst_valid_i & burst_ready_o;
  assign waiting            = ~hung_q & (burst_valid_i | owed);
  // Error beats use cycles that the bus leaves free; clients take turns.
  assign bus_free           = (port_beat_valid_i & ~hung_q) == '0;
  assign beat_valid_o       = bus_free ? spoilt : port_beat_valid_i & ~hung_q;

  always_comb begin
    settled_o = 1'b1;
    for (int unsigned c = 0; c < Clients; c++) begin
      owed[c]   = beats_q[c] != '0;
      bursts[c] = bursts_q[c] + BurstBits'(port_burst_valid_o[c] && port_burst_ready_i[c])
          - BurstBits'(port_beat_valid_i[c] && port_beat_i.last);
      if (bursts_q[c] != '0 && !hung_q[c]) settled_o = 1'b0;
    end
  end

  always_comb begin
    beat_o = port_beat_i;
    for (int unsigned c = 0; c < Clients; c++) begin
      if (bus_free && spoilt[c]) begin
        beat_o.error = 1'b1;
        beat_o.last  = beats_q[c] == BeatBits'(1);
      end
    end
  end

  rr_arbiter #(.Requesters(Clients)) i_turns (
    .clk_i,
    .rst_i,
    .request_i(hung_q & owed),
    .advance_i(bus_free),
    .grant_o  (spoilt)
  );

  burst_timer #(.Clients(Clients)) i_timer (
    .clk_i,
    .rst_i,
    .limit_i   (timeout_i),
    .waiting_i (waiting),
    .progress_i(port_beat_valid_i | asked),
    .expired_o (expired)
  );

  always_ff @(posedge clk_i) begin
    for (int unsigned c = 0; c < Clients; c++) begin
      beats_q[c]  <= beats_q[c] + (asked[c] ? BeatBits'(burst_i[c].lines_less1) + 1'b1 : '0) - BeatBits'(beat_valid_o[c]);
      bursts_q[c] <= bursts[c];
      if (expired[c]) hung_q[c] <= 1'b1;
      else if (bursts_q[c] == '0 && !owed[c] && !asked[c]) hung_q[c] <= 1'b0;
      if (clear_i || rst_i) begin
        beats_q[c] <= '0;
        hung_q[c]  <= bursts[c] != '0;
      end
      if (rst_i) begin
        bursts_q[c] <= '0;
        hung_q[c]   <= 1'b0;
      end
    end
  end

  for (genvar c = 0; c < Clients; c++) begin : gen_client
    `ASSERT_HELD_UNLESS(BurstHeld, clear_i, burst_valid_i[c], burst_ready_o[c], burst_i[c])
    `ASSERT_IF(GivesWhatIsOwed, beat_valid_o[c] && !clear_i, owed[c])
    `ASSERT_IF(BusGivesWhatItOwes, port_beat_valid_i[c], bursts_q[c] != '0)
    `ASSERT_IF(HungGetsErrors, beat_valid_o[c] && hung_q[c], beat_o.error)
  end
  `ASSERT(OneBeat, $onehot0(beat_valid_o))
endmodule
