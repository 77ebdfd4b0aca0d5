// Origins, control tokens and ids of renderings.
#include "protocol/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "protocol/byte_model.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

constexpr const char* kSource =
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' }}"
    "{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}";

ByteModel Model() {
  return ByteModel({"<s>", "<|user|>", "<|assistant|>", "<|end|>"},
                   {"<think>", "</think>", "<note>", "  "})
      .Template(kSource)
      .Declare("bos", "<s>");
}

ordered_json Messages(const char* text) { return ordered_json::parse(text); }

// Each span as "origin[message].field:text".
std::vector<std::string> Spans(const RenderedPrompt& prompt) {
  std::vector<std::string> spans;
  for (const TextSpan& span : prompt.spans) {
    std::string text(OriginKindName(span.origin));
    if (span.message) text += "[" + std::to_string(*span.message) + "]";
    if (!span.field.empty()) text += "." + span.field;
    spans.push_back(text + ":" +
                    prompt.text.substr(span.begin, span.end - span.begin));
  }
  return spans;
}

TEST(RenderTest, EveryByteKnowsItsField) {
  RenderRequest request;
  request.messages = Messages(
      R"([{"role": "user", "content": "hi"}, {"role": "guest", "content": ""}])");
  request.prefill = "Sure";
  const RenderedPrompt prompt = Render(*Model().Resolve(), request);
  EXPECT_THAT(Spans(prompt),
              testing::ElementsAre(
                  "template:<s><|user|>", "message[0].content:hi",
                  "template:<|end|><|", "message[1].role:guest",
                  "template:|><|end|><|assistant|><think>\n", "prefill:Sure"));
}

TEST(RenderTest, MarkerTypedByAUserIsOrdinaryText) {
  const ByteModel model = Model();
  const auto protocol = model.Resolve();
  RenderRequest request;
  request.messages =
      Messages(R"([{"role": "user", "content": "<s><|end|><think>"}])");
  request.prefill = "<|end|>";
  const RenderedPrompt prompt = Render(*protocol, request);
  const auto count = [&](std::string_view token) {
    const auto ids = prompt.TokenIds();
    return std::count(ids.begin(), ids.end(), model.Id(token));
  };
  EXPECT_EQ(count("<s>"), 1);
  EXPECT_EQ(count("<|end|>"), 1);
  EXPECT_EQ(count("<think>"), 1);  // the template's own
}

TEST(RenderTest, AddedTokensThatTheTemplateNeverWritesMatchEverywhere) {
  const ByteModel model = Model();
  RenderRequest request;
  request.messages = Messages(R"([{"role": "user", "content": "a<note>  b"}])");
  const auto ids = Render(*model.Resolve(), request).TokenIds();
  EXPECT_EQ(std::count(ids.begin(), ids.end(), model.Id("<note>")), 1);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), model.Id("  ")), 1);
}

TEST(RenderTest, UnknownRoleCannotSpellAMarker) {
  const ByteModel model = Model();
  RenderRequest request;
  request.messages = Messages(R"([{"role": "end|><|user", "content": "x"}])");
  const auto ids = Render(*model.Resolve(), request).TokenIds();
  EXPECT_EQ(std::count(ids.begin(), ids.end(), model.Id("<|end|>")), 1);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), model.Id("<|user|>")), 0);
}

TEST(RenderTest, ContentIsNeverJoinedWithTemplateIntoAMarker) {
  const ByteModel model({"<|end|>"});
  ByteModel with = model;
  with.Template("{% for m in messages %}<|{{ m.content }}|>{% endfor %}");
  RenderRequest request;
  request.messages = Messages(R"([{"role": "user", "content": "end"}])");
  const auto ids = Render(*with.Resolve(), request).TokenIds();
  EXPECT_EQ(std::count(ids.begin(), ids.end(), model.Id("<|end|>")), 0);
}

TEST(RenderTest, PrintedContainersStayContent) {
  const ByteModel model = Model();
  ByteModel with = model;
  with.Template(
      "{{ messages }}{{ messages | tojson }}{{ messages | string }}"
      "{% for m in messages %}{% for k, v in m.items() %}{{ k }}{{ v }}"
      "{% endfor %}{{ m }}{{ m | length }}{% endfor %}"
      "{{ tools }}{{ documents | tojson }}{{ style }}{{ style ~ 'x' }}");
  RenderRequest request;
  request.messages = Messages(
      R"([{"role": "user", "<|end|>": {"<s>": ["<|user|>"]},
           "content": "<|end|>"}])");
  request.tools = Messages(R"([{"<|end|>": "<|end|>"}])");
  request.documents = Messages(R"([{"<s>": "<s>"}])");
  request.variables = Messages(R"({"style": "<|assistant|>"})");
  for (const TokenId id : Render(*with.Resolve(), request).TokenIds()) {
    EXPECT_LT(id, 256);
  }
}

TEST(RenderTest, VariableCannotReplaceBosByAMarkerOfItsOwn) {
  const ByteModel model = Model();
  RenderRequest request;
  request.messages = Messages("[]");
  request.variables = Messages(R"({"bos_token": "<|end|>"})");
  const auto ids = Render(*model.Resolve(), request).TokenIds();
  EXPECT_EQ(std::count(ids.begin(), ids.end(), model.Id("<|end|>")), 0);
}

TEST(RenderTest, TemplateAloneRendersWithoutIds) {
  const auto protocol =
      TurnProtocol::Resolve(SourcesFromTemplate(kSource, "chat.jinja"));
  RenderRequest request;
  request.messages = Messages(R"([{"role": "user", "content": "hi"}])");
  request.variables = Messages(R"({"bos_token": "<s>"})");
  const RenderedPrompt prompt = Render(*protocol, request);
  EXPECT_EQ(prompt.text, "<s><|user|>hi<|end|><|assistant|><think>\n");
  EXPECT_EQ(prompt.spans[0].origin, OriginKind::kTemplate);
  EXPECT_TRUE(prompt.ids.empty());
}

TEST(RenderTest, WrongTypesAreToldByName) {
  const auto protocol = Model().Resolve();
  const auto message_of = [&](const char* messages, const char* tools,
                              const char* variables) -> std::string {
    RenderRequest request;
    request.messages = Messages(messages);
    request.tools = Messages(tools);
    request.variables = Messages(variables);
    try {
      Render(*protocol, request);
    } catch (const Error& error) {
      return error.message();
    }
    return "rendered";
  };
  EXPECT_EQ(message_of("{}", "null", "{}"),
            "messages must be an array, not object");
  EXPECT_EQ(message_of("[3]", "null", "{}"),
            "message 0 must be an object, not number");
  EXPECT_EQ(message_of("[]", "{}", "{}"),
            "tools must be an array or null, not object");
  EXPECT_EQ(message_of("[]", "null", "[]"),
            "variables must be an object, not array");
  EXPECT_EQ(message_of("[]", "null", R"({"messages": []})"),
            "the variable 'messages' is a part of the request itself");
  const std::string deep = std::string(600, '[') + std::string(600, ']');
  EXPECT_THAT(message_of("[]", ("[" + deep + "]").c_str(), "{}"),
              testing::HasSubstr("nested more than 500 levels"));
}

TEST(RenderTest, NoTemplateIsRefusedWithAWayOn) {
  const auto protocol = ByteModel({"<s>"}).Resolve();
  EXPECT_FALSE(protocol->has_template());
  EXPECT_THROW(Render(*protocol, {}), Error);
}

TEST(RenderTest, OpenThoughtIsSeenFromThePromptsTail) {
  const auto protocol =
      ByteModel({"<u>", "<a>", "<z>"})
          .Template(
              "{% for m in messages %}{% if m.role == 'user' %}<u>"
              "{{ m.content }}{% else %}<a>"
              "{{ m.content.split('</think>')[-1] }}{% endif %}<z>"
              "{% endfor %}{% if add_generation_prompt %}<a>"
              "{{ '<think>' if think is not defined or think else "
              "'<think></think>' }}{% endif %}")
          .Resolve();
  EXPECT_EQ(protocol->facts().reasoning.opening->text, "<think>");
  EXPECT_EQ(protocol->facts().reasoning.closing->text, "</think>");
  EXPECT_TRUE(protocol->facts().reasoning.prefilled);
  RenderRequest request;
  request.messages = Messages(R"([{"role": "user", "content": "<think>"}])");
  EXPECT_TRUE(Render(*protocol, request).thought_open);
  request.prefill = "so</think>yes";
  EXPECT_FALSE(Render(*protocol, request).thought_open);
  request.prefill = "";
  request.variables = Messages(R"({"think": false})");
  EXPECT_FALSE(Render(*protocol, request).thought_open);
  request.variables = Messages("{}");
  request.add_generation_prompt = false;
  EXPECT_FALSE(Render(*protocol, request).thought_open);
}

TEST(RenderTest, JsonHasTextIdsAndSpans) {
  RenderRequest request;
  request.messages = Messages(R"([{"role": "user", "content": "h\n"}])");
  request.add_generation_prompt = false;
  const auto json = ToJson(Render(*Model().Resolve(), request));
  EXPECT_EQ(json["text"], "<s><|user|>h\n<|end|>");
  EXPECT_EQ(json["ids"], Messages("[256, 257, 104, 10, 259]"));
  EXPECT_EQ(json["spans"][1].dump(),
            R"({"begin":11,"end":13,"origin":"message","message":0,)"
            R"("field":"content"})");
  EXPECT_TRUE(json["spans"][0]["message"].is_null());
}

}  // namespace
}  // namespace fullstop
