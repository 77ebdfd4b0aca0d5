// The keys rope.* of a decoder.
#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "model/decoder.h"

namespace fullstop {

RopeSpec Decoder::ReadRope(std::string_view base_key) {
  RopeSpec rope;
  rope.rotated = keys_.Count("rope.dimension_count", shape_.head_length);
  rope.base = keys_.Positive(base_key, 10000.0);
  if (rope.rotated % 2 != 0 || rope.rotated > shape_.head_length) {
    throw Error::Format(
        fmt::format("key {} is {}, but must be even and no more "
                    "than the head length, {}",
                    keys_.FullKey("rope.dimension_count"), rope.rotated,
                    shape_.head_length))
        .In(file_.path());
  }
  return rope;
}

void Decoder::ReadRopeScaling(RopeSpec* rope) {
  rope->factors = g_.OptionalTensor("rope_freqs.weight", {rope->rotated / 2});
  const std::string_view type =
      keys_.Text("rope.scaling.type").value_or("linear");
  if (type == "none") return;
  // Files from before rope.scaling.factor have rope.scale_linear.
  rope->factor = keys_.Positive("rope.scaling.factor",
                                keys_.Positive("rope.scale_linear", 1.0));
  rope->magnitude = keys_.Positive("rope.scaling.attn_factor", 1.0);
  rope->original_context = static_cast<double>(
      keys_.Count("rope.scaling.original_context_length", shape_.context));
  if (type == "linear") {
    if (rope->factor != 1) rope->scaling = RopeSpec::Scaling::kLinear;
  } else if (type == "yarn") {
    rope->scaling = RopeSpec::Scaling::kYarn;
    rope->beta_fast = keys_.Positive("rope.scaling.yarn_beta_fast", 32.0);
    rope->beta_slow = keys_.Positive("rope.scaling.yarn_beta_slow", 1.0);
    rope->round_bounds = keys_.Flag("rope.scaling.yarn_truncate", true);
    if (rope->factor > 1 &&
        keys_.Number("rope.scaling.yarn_log_multiplier", 0) == 0) {
      rope->magnitude *= 1 + 0.1 * std::log(rope->factor);
    }
  } else if (type == "longrope") {
    rope->factor = 1;
    rope->factors = g_.Tensor("rope_factors_short.weight", {rope->rotated / 2});
    rope->long_factors =
        g_.Tensor("rope_factors_long.weight", {rope->rotated / 2});
  } else {
    throw Error::Unsupported(
        fmt::format("rope scaling of type \"{}\" is not supported", type))
        .In(file_.path())
        .Advice("known are none, linear, yarn and longrope");
  }
}

RopeId Decoder::Rope(std::string_view base_key) {
  RopeSpec rope = ReadRope(base_key);
  ReadRopeScaling(&rope);
  return g_.Rope(rope);
}

RopeId Decoder::PlainRope(std::string_view base_key) {
  return g_.Rope(ReadRope(base_key));
}

}  // namespace fullstop
