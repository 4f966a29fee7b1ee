// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Starts and stops the core as control.enable and control.reset say.
///
/// A soft reset first drains the bus: no burst is begun, and those under way come to their end, time out, or have had
/// DrainCyclesMax; the guards of the memory ports keep what comes later from the core. Then the core is held in
/// reset for ResetCycles. Clearing enable forgets all queues at once and ends what runs; the admin
/// pair can start again when everything is quiet.
module core_control #(
  parameter int unsigned DrainCyclesMax = 2 ** 18  // 1 ms at 250 MHz, a power of two
) (
  input  logic clk_i,
  input  logic rst_i,
  // CSRs
  input  logic enable_i,
  input  logic reset_i,        // pulse
  output logic ready_o,        // not in reset
  // core
  input  logic engine_quiet_i, // no command runs, none is being fetched or posted
  input  logic dma_settled_i,  // the bus owes nothing, or nothing that is still waited for
  output logic drain_o,        // begin no burst
  output logic core_rst_o,
  output logic admin_start_o,  // pulse
  output logic forget_o        // no queue exists; end what runs
);
  localparam int unsigned ResetCycles = 8;

  typedef enum logic [2:0] {DRAIN, RESET, OFF, ON, STOPPING} state_e;

  state_e                         state_q;
  logic [$clog2(ResetCycles)-1:0] reset_q;
  logic [$clog2(DrainCyclesMax)-1:0] drain_q;

  always_ff @(posedge clk_i) begin
    reset_q <= '0;
    drain_q <= '0;
    unique case (state_q)
      DRAIN: begin
        drain_q <= drain_q + 1'b1;
        if (dma_settled_i || drain_q == '1) state_q <= RESET;
      end
      RESET: begin
        reset_q <= reset_q + 1'b1;
        if (reset_q == '1) state_q <= OFF;
      end
      OFF: if (enable_i) state_q <= ON;
      ON: if (!enable_i) state_q <= STOPPING;
      default: if (engine_quiet_i) state_q <= OFF;  // STOPPING
    endcase
    if (reset_i) state_q <= DRAIN;
    if (rst_i) state_q <= RESET;
  end

  assign ready_o       = state_q inside {OFF, ON, STOPPING};
  assign drain_o       = state_q == DRAIN;
  assign core_rst_o    = rst_i || state_q == RESET;
  assign admin_start_o = state_q == OFF && enable_i && !reset_i;
  assign forget_o      = state_q == STOPPING;

  `ASSERT_NEXT(ResetsASettledBus, state_q == DRAIN && !dma_settled_i && drain_q != '1, state_q != RESET)
  `ASSERT_IF(ReadyOutsideReset, ready_o, !core_rst_o && !drain_o)
endmodule
