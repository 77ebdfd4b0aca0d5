#include "engine/sampling_defaults.h"

#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
std::pair<std::string_view, std::function<void(const Json&, SamplingParams*)>>
Number(std::string_view name, T SamplingParams::* field) {
  return {name, [field](const Json& value, SamplingParams* params) {
            params->*field = value.get<T>();
          }};
}

// general.sampling.sequence: a letter a sampler.
std::vector<SamplerStage> ParseSequence(const std::string& letters) {
  std::vector<SamplerStage> order;
  for (const char c : letters) {
    switch (c) {
      case 'e':
        order.push_back(SamplerStage::kPenalties);
        break;
      case 'd':
        order.push_back(SamplerStage::kDry);
        break;
      case 's':
        order.push_back(SamplerStage::kTopNSigma);
        break;
      case 'k':
        order.push_back(SamplerStage::kTopK);
        break;
      case 'y':
        order.push_back(SamplerStage::kTypicalP);
        break;
      case 'p':
        order.push_back(SamplerStage::kTopP);
        break;
      case 'm':
        order.push_back(SamplerStage::kMinP);
        break;
      case 'x':
        order.push_back(SamplerStage::kXtc);
        break;
      case 't':
        order.push_back(SamplerStage::kTemperature);
        break;
      default:
        throw Error::Format(std::string("'") + c + "' is no sampler");
    }
  }
  return order;
}

const auto& Fields() {
  static const std::vector<std::pair<
      std::string_view, std::function<void(const Json&, SamplingParams*)>>>
      kFields = {
          Number("temp", &SamplingParams::temp),
          Number("temperature", &SamplingParams::temp),
          Number("top_k", &SamplingParams::top_k),
          Number("top_p", &SamplingParams::top_p),
          Number("min_p", &SamplingParams::min_p),
          Number("typical_p", &SamplingParams::typ_p),
          Number("xtc_probability", &SamplingParams::xtc_probability),
          Number("xtc_threshold", &SamplingParams::xtc_threshold),
          Number("penalty_last_n", &SamplingParams::repeat_last_n),
          Number("penalty_repeat", &SamplingParams::repeat_penalty),
          Number("repetition_penalty", &SamplingParams::repeat_penalty),
          Number("mirostat", &SamplingParams::mirostat),
          Number("mirostat_tau", &SamplingParams::mirostat_ent),
          Number("mirostat_eta", &SamplingParams::mirostat_lr),
          {"sequence",
           [](const Json& value, SamplingParams* params) {
             params->samplers = ParseSequence(value.get<std::string>());
           }},
      };
  return kFields;
}

}  // namespace

std::vector<std::string> ApplySamplingDefaults(
    const std::vector<SamplingDefault>& declared, SamplingParams* params) {
  std::vector<std::string> remarks;
  for (const SamplingDefault& entry : declared) {
    bool known = false;
    for (const auto& [name, set] : Fields()) {
      if (name != entry.name) continue;
      known = true;
      SamplingParams changed = *params;
      try {
        set(entry.value, &changed);
        ValidateSamplingParams(changed);
        *params = changed;
      } catch (const Error& error) {
        remarks.push_back(entry.from.where +
                          " is not used: " + error.message());
      } catch (const Json::exception&) {
        remarks.push_back(entry.from.where + " is not used: its value is " +
                          entry.value.dump());
      }
    }
    if (!known) {
      remarks.push_back(entry.from.where +
                        " is not used: there is no sampler named " +
                        entry.name);
    }
  }
  return remarks;
}

}  // namespace fullstop
