// The marks of thoughts and calls, and the format of calls, of every published
// template. Each row was compared with what the template writes.
#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/published_templates.h"

namespace fullstop {
namespace {

struct Row {
  const char* file;
  const char* thought;  // opening … closing, what opens answers, "opened"
  const char* calls;    // as Describe
};

constexpr const char* kTags =
    "json: <tool_call>{\"name\", \"arguments\"}</tool_call>";

const std::vector<Row>& Rows() {
  static const auto& rows = *new std::vector<Row>{
      {"Apriel-1.6-15b-Thinker-fixed",
       "Here are my reasoning steps: … [BEGIN FINAL RESPONSE], opened",
       "json: <tool_calls>{\"name\", \"arguments\"}</tool_calls>"},
      {"ByteDance-Seed-OSS", "<seed:think> … </seed:think>",
       "named: "
       "<seed:tool_call>\n<function={name}>(<parameter={key}>{value}</"
       "parameter>)</function>\n</seed:tool_call>"},
      {"CohereForAI-c4ai-command-r7b-12-2024-tool_use",
       "<|START_THINKING|> … <|END_THINKING|>, then <|START_RESPONSE|>",
       "json: <|START_ACTION|>{\"tool_name\", \"parameters\"}<|END_ACTION|>"},
      {"GLM-4.6", "<think> … </think>",
       "named: "
       "<tool_call>{name}(<arg_key>{key}</arg_key>\n<arg_value>{value}</"
       "arg_value>)</tool_call>"},
      {"GLM-4.7-Flash", "<think> … </think>, opened",
       "named: "
       "<tool_call>{name}(<arg_key>{key}</arg_key><arg_value>{value}</"
       "arg_value>)</tool_call>"},
      {"HuggingFaceTB-SmolLM3-3B", "<think> … </think>", "none"},
      {"Kimi-K2-Instruct", "-",
       "named (known): <|tool_calls_section_begin|> … "
       "<|tool_call_begin|>{id}<|tool_call_argument_begin|>{json}<|tool_call_"
       "end|> … <|tool_calls_section_end|>"},
      {"LFM2-8B-A1B", "-", "none"},
      {"MiMo-VL", "-", kTags},
      {"NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use", "-", kTags},
      {"Qwen-QwQ-32B", "<think> … </think>", kTags},
      {"Qwen-Qwen2.5-7B-Instruct", "-", kTags},
      {"Qwen-Qwen3-0.6B", "<think> … </think>", kTags},
      {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "<think> … </think>, opened",
       "named: <｜tool▁calls▁begin｜> … "
       "<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}```json{json}```<"
       "｜tool▁call▁end｜> … <｜tool▁calls▁end｜>"},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "<think> … </think>",
       "named: <｜tool▁calls▁begin｜> … "
       "<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}```json{json}```<"
       "｜tool▁call▁end｜> … <｜tool▁calls▁end｜>"},
      {"deepseek-ai-DeepSeek-V3.1", "<think> … </think>",
       "named: <｜tool▁calls▁begin｜> … "
       "<｜tool▁call▁begin｜>{name}<｜tool▁sep｜>{json}<｜tool▁call▁end｜> … "
       "<｜tool▁calls▁end｜>"},
      {"fireworks-ai-llama-3-firefunction-v2", "-",
       "json: functools{\"name\", \"arguments\"}"},
      {"google-gemma-2-2b-it", "-", "none"},
      {"llama-cpp-rwkv-world", "<think> … </think>", "none"},
      {"meetkai-functionary-medium-v3.1", "-",
       "named: <function={name}>{json}</function>"},
      {"meta-llama-Llama-3.1-8B-Instruct", "-",
       "json: {\"name\", \"parameters\"}"},
      {"meta-llama-Llama-3.2-3B-Instruct", "-",
       "json: {\"name\", \"parameters\"}"},
      {"meta-llama-Llama-3.3-70B-Instruct", "-",
       "json: {\"name\", \"parameters\"}"},
      {"microsoft-Phi-3.5-mini-instruct", "-", "none"},
      {"mistralai-Mistral-Nemo-Instruct-2407", "-",
       "json: [TOOL_CALLS]{\"name\", \"arguments\"}"},
      {"openai-gpt-oss-120b",
       "<|channel|>analysis<|message|> … <|end|>, then "
       "<|channel|>final<|message|>, headers <|start|>",
       "channel to=functions.{name}"},
      {"unsloth-mistral-Devstral-Small-2507", "-",
       "named: [TOOL_CALLS]{name}[ARGS]{json}"},
  };
  return rows;
}

std::string Thought(const ReasoningMarkers& markers) {
  const auto show = [](const std::optional<Marker>& marker) {
    return marker ? marker->text : "-";
  };
  if (!markers.closing) return "-";
  return show(markers.opening) + " … " + show(markers.closing) +
         (markers.answer ? ", then " + markers.answer->text : "") +
         (markers.header ? ", headers " + markers.header->text : "") +
         (markers.prefilled ? ", opened" : "");
}

class MarkersGoldenTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(PublishedTemplates())) {
      GTEST_SKIP() << "no templates in " << PublishedTemplates()
                   << "; name their folder's parent by FULLSTOP_DATA";
    }
  }
};

TEST_F(MarkersGoldenTest, MarksOfPublishedTemplatesAreWhatTheyWrite) {
  for (const Row& row : Rows()) {
    const auto file = PublishedTemplates() / (std::string(row.file) + ".jinja");
    if (!std::filesystem::exists(file)) continue;
    const auto protocol = PublishedModel(file).Resolve();
    EXPECT_EQ(Thought(protocol->facts().reasoning), row.thought) << row.file;
    EXPECT_EQ(Describe(protocol->facts().tool_calls.format), row.calls)
        << row.file;
  }
}

TEST_F(MarkersGoldenTest, EveryTemplateInTheFolderHasARow) {
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
