// SPDX-License-Identifier: Apache-2.0 OR MIT

/// core_control: a soft reset drains first; the core's reset lasts; the admin pair starts once, only when the core is
/// quiet since it was stopped or was reset; drain, reset and ready exclude each other and each comes to its end.
module core_control_formal (
  input logic clk_i,
  input logic rst_i,
  input logic enable_i,
  input logic reset_i,
  input logic engine_quiet_i,
  input logic dma_settled_i
);
  localparam int unsigned ResetCycles    = 8;
  localparam int unsigned DrainCyclesMax = 4;
  localparam logic [2:0] OFF = 3'd2, ON = 3'd3;  // of i_dut.state_q

  logic ready, drain, core_rst, admin_start, forget;
  logic first_q = 1'b1;

  core_control #(.DrainCyclesMax(DrainCyclesMax)) i_dut (
    .clk_i, .rst_i, .enable_i, .reset_i, .ready_o(ready), .engine_quiet_i, .dma_settled_i,
    .drain_o(drain), .core_rst_o(core_rst), .admin_start_o(admin_start), .forget_o(forget)
  );

  always_ff @(posedge clk_i) first_q <= 1'b0;
  always_comb assume (!first_q || rst_i);

  logic [3:0] in_reset_q;  // cycles that the core has been in reset
  logic [2:0] in_drain_q;  // cycles of a drain since the last request
  logic       soft_q;      // by a soft reset
  logic       started_q;   // the admin pair started and was neither forgotten nor reset
  logic       cleaned_q;   // nothing of an earlier session is left: reset, or quiet after it was forgotten

  always_ff @(posedge clk_i) begin
    if (!core_rst || rst_i) in_reset_q <= '0;
    else if (in_reset_q != '1) in_reset_q <= in_reset_q + 1'b1;
    in_drain_q <= !drain || reset_i || rst_i ? '0 : in_drain_q + 1'b1;
    if (rst_i) soft_q <= 1'b0;
    else if (drain) soft_q <= 1'b1;
    if (admin_start) started_q <= 1'b1;
    if (admin_start) cleaned_q <= 1'b0;
    else if (forget && engine_quiet_i) cleaned_q <= 1'b1;
    if (forget || core_rst || drain) started_q <= 1'b0;
    if (core_rst) cleaned_q <= 1'b1;
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    OneOfThree: assert ($onehot({ready, drain, core_rst}));
    ResetAfterDrain: assert (!core_rst || $past(rst_i) || $past(core_rst) || $past(drain));
    SoftResetLasts: assert (!soft_q || !$past(core_rst) || core_rst || drain || $past(in_reset_q) == 4'(ResetCycles - 1));
    ResetEnds: assert (!core_rst || in_reset_q < 4'(ResetCycles));
    // For the induction: the module's own count.
    CountedInReset: assert (!core_rst || (soft_q ? in_reset_q == 4'(i_dut.reset_q) : in_reset_q <= 4'(i_dut.reset_q)));
    SoftResetDrains: assert (!$past(reset_i && !rst_i) || drain);
    DrainEndsWhenSettled: assert (!$past(drain && dma_settled_i && !reset_i && !rst_i) || core_rst);
    DrainEnds: assert (!drain || in_drain_q < 3'(DrainCyclesMax));
    // For the induction: the module's own count is never behind, unless it restarts with a request in vain.
    DrainCounted: assert (!drain || in_drain_q <= 3'(i_dut.drain_q));
    DrainLeadsToReset: assert (!$past(drain && !reset_i && !rst_i) || drain || core_rst);
    StartsCleanOnly: assert (!admin_start || (cleaned_q && ready && enable_i));
    StartsOnce: assert (!admin_start || !started_q);
    ForgetsOnlyReady: assert (!forget || (ready && !started_q) || $past(started_q));
    // For the induction: which states go with a session.
    OnIsStarted: assert (i_dut.state_q != ON || (started_q && !cleaned_q));
    OffIsClean: assert (i_dut.state_q != OFF || (!started_q && cleaned_q));
    ForgottenOnDisable: assert (!$past(started_q && !enable_i && !reset_i && !rst_i && ready && !forget) || forget);
    Restarted: cover (admin_start && $past(forget));
    ResetDone: cover (ready && $past(core_rst) && soft_q && cleaned_q);
  end
endmodule
