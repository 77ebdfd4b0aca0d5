// What is derived from published templates, with nothing declared but eos_token
// where a template reads it. Every row was compared with what the model's
// makers document about its ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/published_templates.h"

namespace fullstop {
namespace {

struct Row {
  const char* file;
  std::vector<std::string> ends;
};

// Openers are marked by "^", ends of calls by "()", of sections by "§", of
// sequences by "$", stop strings by "'"; the rest end turns.
const std::vector<Row>& Rows() {
  static const auto& rows = *new std::vector<Row>{
      {"Apriel-1.6-15b-Thinker-fixed",
       {"<|end|>", "<|begin_system|>^", "<|begin_user|>^",
        "<|begin_tool_result|>^"}},
      {"ByteDance-Seed-OSS", {"<seed:eos>", "<seed:bos>^"}},
      {"CohereForAI-c4ai-command-r7b-12-2024-tool_use",
       {"<|END_OF_TURN_TOKEN|>", "<|START_OF_TURN_TOKEN|>^"}},
      {"GLM-4.6", {"<|user|>", "<|observation|>()", "<|system|>^"}},
      {"GLM-4.7-Flash", {"<|user|>", "<|observation|>()", "<|system|>^"}},
      {"HuggingFaceTB-SmolLM3-3B", {"<|im_end|>", "<|im_start|>^"}},
      {"Kimi-K2-Instruct", {"<|im_end|>", "<|im_user|>^", "<|im_system|>^"}},
      {"LFM2-8B-A1B", {"<|im_end|>", "<|im_start|>^"}},
      {"MiMo-VL", {"<|im_end|>", "<|im_start|>^"}},
      {"NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use",
       {"<|im_end|>", "<|im_start|>^"}},
      {"Qwen-QwQ-32B", {"<|im_end|>", "<|im_start|>^"}},
      {"Qwen-Qwen2.5-7B-Instruct", {"<|im_end|>", "<|im_start|>^"}},
      {"Qwen-Qwen3-0.6B", {"<|im_end|>", "<|im_start|>^"}},
      {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B",
       {"<｜end▁of▁sentence｜>", "<｜User｜>^", "<｜tool▁outputs▁begin｜>^"}},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
       {"<｜end▁of▁sentence｜>", "<｜User｜>^", "<｜tool▁outputs▁begin｜>^"}},
      {"deepseek-ai-DeepSeek-V3.1",
       {"<｜end▁of▁sentence｜>", "<｜User｜>^", "<｜tool▁output▁begin｜>^"}},
      {"fireworks-ai-llama-3-firefunction-v2",
       {"<|eot_id|>", "<|start_header_id|>^"}},
      {"google-gemma-2-2b-it", {"<end_of_turn>", "<start_of_turn>^"}},
      {"llama-cpp-rwkv-world", {"\n\nUser:'"}},
      {"meetkai-functionary-medium-v3.1",
       {"<|eot_id|>", "<|eom_id|>()", "<|start_header_id|>^"}},
      {"meta-llama-Llama-3.1-8B-Instruct",
       {"<|eot_id|>", "<|eom_id|>()", "<|start_header_id|>^"}},
      {"meta-llama-Llama-3.2-3B-Instruct",
       {"<|eot_id|>", "<|start_header_id|>^"}},
      {"meta-llama-Llama-3.3-70B-Instruct",
       {"<|eot_id|>", "<|eom_id|>()", "<|start_header_id|>^"}},
      {"microsoft-Phi-3.5-mini-instruct",
       {"<|end|>", "</s>$", "<|user|>^", "<|system|>^"}},
      {"mistralai-Mistral-Nemo-Instruct-2407",
       {"</s>", "[INST]^", "[AVAILABLE_TOOLS]^", "[TOOL_RESULTS]^"}},
      {"openai-gpt-oss-120b", {"<|return|>", "<|call|>()", "<|end|>§"}},
      {"unsloth-mistral-Devstral-Small-2507",
       {"</s>", "[INST]^", "[SYSTEM_PROMPT]^", "[TOOL_RESULTS]^"}},
  };
  return rows;
}

// The stops that are not guessed.
std::vector<std::string> Ends(const TurnProtocol& protocol) {
  std::vector<std::string> ends;
  for (const Stop& stop : protocol.stops().stops) {
    if (stop.from[0].provenance == Provenance::kGuessed) continue;
    constexpr std::array<const char*, 5> kMarks = {"", "$", "()", "§", "^"};
    ends.push_back(stop.text + kMarks[static_cast<size_t>(stop.role)]);
  }
  for (const std::string& text : protocol.stops().strings) {
    ends.push_back(text + "'");
  }
  return ends;
}

class DeriveGoldenTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(PublishedTemplates())) {
      GTEST_SKIP() << "no templates in " << PublishedTemplates()
                   << "; name their folder's parent by FULLSTOP_DATA";
    }
  }
};

TEST_F(DeriveGoldenTest, EndsOfPublishedTemplatesAreTheMakers) {
  for (const Row& row : Rows()) {
    const auto file = PublishedTemplates() / (std::string(row.file) + ".jinja");
    if (!std::filesystem::exists(file)) continue;
    EXPECT_THAT(Ends(*PublishedModel(file).Resolve()),
                testing::UnorderedElementsAreArray(row.ends))
        << row.file;
  }
}

TEST_F(DeriveGoldenTest, EveryTemplateInTheFolderHasARow) {
  for (const auto& entry :
       std::filesystem::directory_iterator(PublishedTemplates())) {
    const std::string name = entry.path().stem().string();
    EXPECT_TRUE(std::any_of(Rows().begin(), Rows().end(), [&](const Row& row) {
      return row.file == name;
    })) << name;
  }
}

}  // namespace
}  // namespace fullstop
