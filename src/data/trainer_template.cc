#include "data/trainer_template.h"

#include <algorithm>
#include <array>

namespace fullstop {
namespace {

// Ascending by name.
constexpr std::array kTemplates = {
    TrainerTemplate{"aeva", "", true},
    TrainerTemplate{"bailing", "", true},
    TrainerTemplate{"bailing_v2", "<|role_end|>", true},
    TrainerTemplate{"breeze", "", true},
    TrainerTemplate{"chatglm3", "", true},
    TrainerTemplate{"chatml", "<|im_end|>", false},
    TrainerTemplate{"chatml_de", "<|im_end|>", false},
    TrainerTemplate{"dbrx", "<|im_end|>", false},
    TrainerTemplate{"dots_ocr", "<|endofassistant|>", true},
    TrainerTemplate{"ernie_vl", "<|end_of_sentence|>", false},
    TrainerTemplate{"falcon", "", true},
    TrainerTemplate{"fewshot", "", true},
    TrainerTemplate{"gemma", "<end_of_turn>", false},
    TrainerTemplate{"gemma2", "<end_of_turn>", true},
    TrainerTemplate{"gemma3", "<end_of_turn>", false},
    TrainerTemplate{"gemma3n", "<end_of_turn>", false},
    TrainerTemplate{"gemma4", "<turn|>", false},
    TrainerTemplate{"gemma4n", "<turn|>", false},
    TrainerTemplate{"glm4", "", true},
    TrainerTemplate{"glm4_5v", "", true},
    TrainerTemplate{"glm4_7", "", true},
    TrainerTemplate{"glm4_moe", "", true},
    TrainerTemplate{"glm4v", "", true},
    TrainerTemplate{"glm_ocr", "", true},
    TrainerTemplate{"glmz1", "", true},
    TrainerTemplate{"gpt_oss", "", true},
    TrainerTemplate{"hy3", "<｜hy_eos｜>", false},
    TrainerTemplate{"index", "", true},
    TrainerTemplate{"keye_vl", "<|im_end|>", false},
    TrainerTemplate{"lfm2", "<|im_end|>", false},
    TrainerTemplate{"lfm2_vl", "<|im_end|>", false},
    TrainerTemplate{"llama3", "<|eot_id|>", false},
    TrainerTemplate{"llama4", "<|eot|>", false},
    TrainerTemplate{"llava_next_llama3", "<|eot_id|>", false},
    TrainerTemplate{"llava_next_qwen", "<|im_end|>", false},
    TrainerTemplate{"mimo", "<|im_end|>", false},
    TrainerTemplate{"mimo_v2", "<|im_end|>", false},
    TrainerTemplate{"mimo_vl", "<|im_end|>", false},
    TrainerTemplate{"mllama", "<|eot_id|>", false},
    TrainerTemplate{"moonlight", "<|im_end|>", false},
    TrainerTemplate{"paligemma_chat", "<end_of_turn>", false},
    TrainerTemplate{"phi", "<|end|>", false},
    TrainerTemplate{"phi4", "<|im_end|>", false},
    TrainerTemplate{"phi4_mini", "<|end|>", false},
    TrainerTemplate{"phi_small", "<|end|>", false},
    TrainerTemplate{"qwen", "<|im_end|>", false},
    TrainerTemplate{"qwen2_audio", "<|im_end|>", false},
    TrainerTemplate{"qwen2_omni", "<|im_end|>", false},
    TrainerTemplate{"qwen2_vl", "<|im_end|>", false},
    TrainerTemplate{"qwen3", "<|im_end|>", false},
    TrainerTemplate{"qwen3_5", "<|im_end|>", false},
    TrainerTemplate{"qwen3_5_nothink", "<|im_end|>", false},
    TrainerTemplate{"qwen3_6", "<|im_end|>", false},
    TrainerTemplate{"qwen3_nothink", "<|im_end|>", false},
    TrainerTemplate{"qwen3_omni", "<|im_end|>", false},
    TrainerTemplate{"qwen3_omni_nothink", "<|im_end|>", false},
    TrainerTemplate{"qwen3_vl", "<|im_end|>", false},
    TrainerTemplate{"qwen3_vl_nothink", "<|im_end|>", false},
    TrainerTemplate{"solar", "", true},
    TrainerTemplate{"yi_vl", "", true},
    TrainerTemplate{"youtu", "<|end_of_text|>", false},
};
static_assert(std::ranges::is_sorted(kTemplates, {}, &TrainerTemplate::name));

}  // namespace

const TrainerTemplate* FindTrainerTemplate(std::string_view name) {
  const auto* const found =
      std::ranges::lower_bound(kTemplates, name, {}, &TrainerTemplate::name);
  return found != kTemplates.end() && found->name == name ? found : nullptr;
}

}  // namespace fullstop
