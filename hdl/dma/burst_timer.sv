// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Finds clients of a memory port that have waited too long.
///
/// A client that waits without progress for `limit_i` cycles expires, at most as many cycles later again: one counter
/// serves all clients. The limit may change at any time; 0 turns the timer off.
module burst_timer #(
  parameter int unsigned Clients = 1
) (
  input  logic               clk_i,
  input  logic               rst_i,
  input  logic [31:0]        limit_i,     // cycles
  input  logic [Clients-1:0] waiting_i,   // something is asked for and not answered
  input  logic [Clients-1:0] progress_i,  // a part of it was
  output logic [Clients-1:0] expired_o    // pulse
);
  logic [31:0]        cycles_q;
  logic [Clients-1:0] stale, stale_q;  // waits without progress since the last tick
  logic               tick;

  assign tick      = limit_i != '0 && cycles_q >= limit_i - 32'd1;
  assign stale     = waiting_i & ~progress_i;
  assign expired_o = tick ? stale & stale_q : '0;

  always_ff @(posedge clk_i) begin
    cycles_q <= tick || limit_i == '0 ? '0 : cycles_q + 32'd1;
    stale_q  <= stale & ~expired_o & (tick ? '1 : stale_q);
    if (rst_i) begin
      cycles_q <= '0;
      stale_q  <= '0;
    end
  end

  `ASSERT(ExpiresOnlyWhoWaits, (expired_o & ~waiting_i) == '0)
  `ASSERT_IF(OffIsOff, limit_i == '0, expired_o == '0)
endmodule
