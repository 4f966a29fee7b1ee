// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Says when a command has run for longer than `limit_i`; one cycle of latency.
module watchdog (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [31:0] limit_i,    // units of 1024 cycles, 0: never
  input  logic        running_i,  // low for a cycle at least between two commands
  output logic        expired_o   // until the command ends
);
  logic [41:0] cycles_q;

  always_ff @(posedge clk_i) begin
    cycles_q  <= running_i ? cycles_q + 42'd1 : '0;
    expired_o <= running_i && (expired_o || (limit_i != '0 && cycles_q[41:10] >= limit_i));
    if (rst_i) expired_o <= 1'b0;
  end

  `ASSERT_NEXT(OnlyWhileRunning, !running_i, !expired_o)
  `ASSERT_NEXT(StaysExpired, expired_o && running_i, expired_o)
endmodule
