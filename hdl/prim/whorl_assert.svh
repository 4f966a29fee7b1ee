// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Assertions that stay alive in simulation. A failure names the broken promise and stops the run.
// They are clocked on clk_i and disabled during rst_i, so both must be visible where the macro is used.
// Synthesis tools define SYNTHESIS and skip them; of simulators only the one that is timed does, by WHORL_NO_ASSERTIONS. `cargo xtask formal` defines FORMAL: its reader
// defines SYNTHESIS as well.
//
// All are immediate assertions in clocked blocks: provers without SVA read them, and a simulator need not copy what
// they mention twice a cycle, as it must for the sampled values of a concurrent assertion. What they read stands as it
// was before the clock edge. Causes are apart from effects, so that an effect is worked out only where it matters.

`ifndef WHORL_ASSERT_SVH
`define WHORL_ASSERT_SVH

`ifdef FORMAL
  `define WHORL_CHECK(Name, Prop) Name: assert (Prop);
`elsif SYNTHESIS
  `ifndef WHORL_NO_ASSERTIONS
    `define WHORL_NO_ASSERTIONS
  `endif
`else
  // Not `assert`: before each of these Verilator calls a function that asks whether assertions are on.
  `define WHORL_CHECK(Name, Prop) if (!(Prop)) $fatal(1, `"Name does not hold`");
`endif

`ifdef WHORL_NO_ASSERTIONS
  `define ASSERT(Name, Prop)
  `define ASSERT_IF(Name, Cause, Effect)
  `define ASSERT_NEXT(Name, Cause, Effect)
  `define ASSERT_AFTER(Name, Cycles, Cause, Effect)
  `define ASSERT_STABLE(Name, Cause, Data)
  `define ASSERT_HELD_UNLESS(Name, Clear, Valid, Ready, Data)
  `define ASSERT_HELD(Name, Valid, Ready, Data)
`else
  /// `Prop` holds at every rising edge of clk_i.
  `define ASSERT(Name, Prop) \
    always_ff @(posedge clk_i) if (!rst_i) begin \
      `WHORL_CHECK(Name, Prop) \
    end

  /// `Effect` holds at every rising edge at which `Cause` does.
  `define ASSERT_IF(Name, Cause, Effect) \
    always_ff @(posedge clk_i) if (!rst_i && (Cause)) begin \
      `WHORL_CHECK(Name, Effect) \
    end

  /// `Effect` holds in the cycle after `Cause` held, unless either is a cycle of reset.
  `define ASSERT_NEXT(Name, Cause, Effect) \
    logic Name``_cause_q; \
    always_ff @(posedge clk_i) Name``_cause_q <= !rst_i && (Cause); \
    `ASSERT_IF(Name, Name``_cause_q, Effect)

  /// `Effect` holds `Cycles` (at least 2) cycles after `Cause` held, unless a reset came between.
  `define ASSERT_AFTER(Name, Cycles, Cause, Effect) \
    logic [(Cycles)-1:0] Name``_since_q; \
    always_ff @(posedge clk_i) Name``_since_q <= rst_i ? '0 : {Name``_since_q[(Cycles)-2:0], (Cause)}; \
    `ASSERT_IF(Name, Name``_since_q[(Cycles)-1], Effect)

  /// A stream that offers data and is not taken offers the same data in the next cycle, unless `Clear` in either.
  `define ASSERT_HELD_UNLESS(Name, Clear, Valid, Ready, Data) \
    logic [$bits(Data)-1:0] Name``_data_q; \
    always_ff @(posedge clk_i) if ((Valid) && !(Ready)) Name``_data_q <= Data; \
    `ASSERT_NEXT(Name, (Valid) && !(Ready) && !(Clear), (Clear) || ((Valid) && Name``_data_q == Data))

  /// `Data` is in the cycle after `Cause` what it was when `Cause` held.
  `define ASSERT_STABLE(Name, Cause, Data) `ASSERT_HELD_UNLESS(Name, 1'b0, 1'b1, !(Cause), Data)

  /// A stream that offers data and is not taken offers the same data in the next cycle.
  `define ASSERT_HELD(Name, Valid, Ready, Data) `ASSERT_HELD_UNLESS(Name, 1'b0, Valid, Ready, Data)
`endif

`endif
