// rope_parameters, or rope_theta and rope_scaling, as GGUF's keys.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "model/folder_reader.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// Divisors of the frequencies as Llama 3.1 has them: slow pairs are divided by
// FACTOR, fast ones left, those between are mixed.
std::vector<float> Llama3Divisors(uint64_t rotary, double base,
                                  const Json& rope, double original) {
  const double factor = rope.value("factor", 8.0);
  const double low = rope.value("low_freq_factor", 1.0);
  const double high = rope.value("high_freq_factor", 4.0);
  std::vector<float> divisors;
  for (uint64_t i = 0; i < rotary / 2; ++i) {
    const double frequency = std::pow(
        base, -2 * static_cast<double>(i) / static_cast<double>(rotary));
    const double turns = original * frequency / (2 * std::numbers::pi);
    const double smooth = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    divisors.push_back(
        static_cast<float>(1 / ((1 - smooth) / factor + smooth)));
  }
  return divisors;
}

// Divisors that leave the slower pairs where they are, all but the share
// `partial_rotary_factor`.
std::vector<float> ProportionalDivisors(uint64_t rotary, const Json& rope) {
  const uint64_t pairs = rotary / 2;
  const double turning =
      static_cast<double>(pairs) * rope.value("partial_rotary_factor", 1.0);
  std::vector<float> divisors;
  for (uint64_t i = 0; i < pairs; ++i) {
    divisors.push_back(static_cast<double>(i + 1) <= turning ? 1.0F : 1e30F);
  }
  return divisors;
}

std::vector<float> Divisors(uint64_t rotary, double base, const Json& rope,
                            double original) {
  return rope["rope_type"] == "llama3"
             ? Llama3Divisors(rotary, base, rope, original)
             : ProportionalDivisors(rotary, rope);
}

// The factor of YaRN's cosines and sines.
double YarnMagnitude(const Json& rope, double factor) {
  const auto scaled = [factor](double by) {
    return factor <= 1 ? 1.0 : 1 + 0.1 * by * std::log(factor);
  };
  const auto number = [&rope](const char* name) {
    const auto it = rope.find(name);
    return it != rope.end() && it->is_number() ? it->get<double>() : 0.0;
  };
  if (number("attention_factor") > 0) return number("attention_factor");
  if (number("mscale") != 0 && number("mscale_all_dim") != 0) {
    return scaled(number("mscale")) / scaled(number("mscale_all_dim"));
  }
  return scaled(1);
}

}  // namespace

Json FolderReader::RopeParameters(std::string_view layer_type) const {
  Json rope = Field("rope_parameters");
  if (!rope.is_object()) {
    rope = Field("rope_scaling");
    if (!rope.is_object()) rope = Json::object();
  } else if (const auto own = rope.find(std::string(layer_type));
             own != rope.end() && own->is_object()) {
    rope = Json(*own);
  }
  if (!rope.contains("rope_theta") && !Field("rope_theta").is_null()) {
    rope["rope_theta"] = Number("rope_theta", 0);
  }
  if (!rope.contains("rope_type")) {
    rope["rope_type"] = rope.value("type", "default");
  }
  return rope;
}

void FolderReader::SetRopeKeys(uint64_t rotary,
                               const FolderDefaults& defaults) {
  Json rope = RopeParameters(defaults.rope_layers);
  double base = rope.value("rope_theta", defaults.rope_theta);
  SetCount("rope.dimension_count", rotary);
  const std::string type = rope["rope_type"].get<std::string>();
  if (type == "dynamic" && rope.contains("alpha")) {
    const auto length = static_cast<double>(rotary);
    base *= std::pow(rope.value("alpha", 1.0), length / (length - 2));
  }
  SetNumber("rope.freq_base", base);
  const auto context = static_cast<double>(Count("max_position_embeddings"));
  const double original =
      rope.value("original_max_position_embeddings",
                 Number("original_max_position_embeddings", context));
  if (type == "default" || type == "dynamic" || type == "mrope") return;
  if (type == "linear") {
    SetText("rope.scaling.type", "linear");
    SetNumber("rope.scaling.factor", rope.value("factor", 1.0));
  } else if (type == "llama3" || type == "proportional") {
    AddTensor("rope_freqs.weight", Divisors(rotary, base, rope, original));
  } else if (type == "yarn") {
    const double factor = rope.value("factor", context / original);
    SetText("rope.scaling.type", "yarn");
    SetNumber("rope.scaling.factor", factor);
    SetCount("rope.scaling.original_context_length",
             static_cast<uint64_t>(original));
    SetNumber("rope.scaling.yarn_beta_fast", rope.value("beta_fast", 32.0));
    SetNumber("rope.scaling.yarn_beta_slow", rope.value("beta_slow", 1.0));
    // GGUF's readers multiply by the second term themselves, unless they find a
    // log multiplier.
    const double all = rope.value("mscale_all_dim", 0.0);
    const bool multiplied = defaults.log_multiplier * all != 0;
    if (multiplied) {
      SetNumber("rope.scaling.yarn_log_multiplier",
                defaults.log_multiplier * all);
    }
    SetNumber("rope.scaling.attn_factor",
              YarnMagnitude(rope, factor) /
                  (multiplied || factor <= 1 ? 1 : 1 + 0.1 * std::log(factor)));
    if (!rope.value("truncate", true)) {
      SetFlag("rope.scaling.yarn_truncate", false);
    }
  } else if (type == "longrope" || type == "su") {
    const double factor = rope.value("factor", context / original);
    const double magnitude =
        factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(original));
    SetText("rope.scaling.type", "longrope");
    SetNumber("rope.scaling.attn_factor",
              rope.value("attention_factor", magnitude));
    SetCount("rope.scaling.original_context_length",
             static_cast<uint64_t>(original));
    AddTensor("rope_factors_long.weight",
              rope.at("long_factor").get<std::vector<float>>());
    AddTensor("rope_factors_short.weight",
              rope.at("short_factor").get<std::vector<float>>());
  } else {
    ThrowUnsupported(
        fmt::format("rope scaling of type \"{}\" is not supported", type));
  }
}

}  // namespace fullstop
