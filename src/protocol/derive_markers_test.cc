// Markers derived from small templates of our own, one for each way in which a
// template may show them.
#include "protocol/derive_markers.h"

#include <gtest/gtest.h>

#include "protocol/byte_model.h"

namespace fullstop {
namespace {

std::string Show(const std::optional<Marker>& marker) {
  return marker ? marker->text : "-";
}

// "opening … closing", with what opens answers and whether prompts open
// thoughts.
std::string Thought(const TurnProtocol& protocol) {
  const ReasoningMarkers& markers = protocol.facts().reasoning;
  return Show(markers.opening) + " … " + Show(markers.closing) +
         (markers.answer ? ", then " + markers.answer->text : "") +
         (markers.prefilled ? ", opened" : "");
}

std::string Call(const TurnProtocol& protocol) {
  const ToolCallMarkers& markers = protocol.facts().tool_calls;
  return Show(markers.opening) + " … " + Show(markers.closing);
}

std::shared_ptr<const TurnProtocol> Resolve(const std::string& source) {
  return ByteModel({"<a>", "<z>", "<s>", "<e>"}).Template(source).Resolve();
}

// Turns with ANSWER as an assistant's text and PROMPT behind the header that
// asks for one.
std::string Turns(const std::string& answer, const std::string& prompt) {
  return "{% for m in messages %}<a>{{ m.role }}\n"
         "{% if m.role == 'assistant' %}" +
         answer +
         "{% else %}{{ m.content }}{% endif %}<z>{% endfor %}"
         "{% if add_generation_prompt %}<a>assistant\n" +
         prompt + "{% endif %}";
}

TEST(DeriveMarkersTest, PromptsThatOpenThoughtsLikeHistoryDoesAreTold) {
  const auto protocol = Resolve(Turns(
      "<think>{{ m.reasoning_content }}</think>{{ m.content }}", "<think>\n"));
  EXPECT_EQ(Thought(*protocol), "<think> … </think>, opened");
}

TEST(DeriveMarkersTest, EmptyThoughtsBeforeAnswersShowTheMarkers) {
  const auto protocol = Resolve(Turns("<think></think>{{ m.content }}", ""));
  EXPECT_EQ(Thought(*protocol), "<think> … </think>");
}

TEST(DeriveMarkersTest, EmptyThoughtsOfHistoryMayStandInOneSetupOnly) {
  const auto protocol =
      Resolve(Turns("{% if quiet %}<think></think>{% endif %}{{ m.content }}",
                    "{% if quiet %}<think>{% endif %}"));
  EXPECT_EQ(Thought(*protocol), "<think> … </think>");
}

TEST(DeriveMarkersTest, PromptsMayCallTheRoleOtherwise) {
  const auto protocol = Resolve(
      "{% for m in messages %}<a>{{ m.role }}\n"
      "{% if m.role == 'assistant' %}"
      "<think>{{ m.reasoning_content }}</think>{% endif %}"
      "{{ m.content }}<z>{% endfor %}"
      "{% if add_generation_prompt %}<a>model\n{% endif %}");
  EXPECT_EQ(Thought(*protocol), "<think> … </think>");
}

TEST(DeriveMarkersTest, AnswersMayTouchTheThoughtAndStandBeforeIt) {
  EXPECT_EQ(Thought(*Resolve(Turns("<b:think>{{ m.thinking }}</b:think>"
                                   "{{ m.content }}",
                                   ""))),
            "<b:think> … </b:think>");
  EXPECT_EQ(Thought(*Resolve(Turns("{{ m.content }}{% if m.thought %}<think>"
                                   "{{ m.thought }}</think>{% endif %}",
                                   ""))),
            "<think> … </think>");
}

TEST(DeriveMarkersTest, PlansOfCallsAreThoughts) {
  const auto protocol = Resolve(
      Turns("{% if m.tool_calls %}<s>{{ m.tool_plan }}<e>"
            "[{{ m.tool_calls | tojson }}]{% else %}{{ m.content }}{% endif %}",
            ""));
  EXPECT_EQ(Thought(*protocol), "<s> … <e>");
  EXPECT_EQ(protocol->facts().reasoning.field, "tool_plan");
}

TEST(DeriveMarkersTest, ThoughtsMayBePartsOfTheContent) {
  const auto protocol = Resolve(
      Turns("{% if m.content is string %}{{ m.content }}{% else %}"
            "{% for part in m.content %}{% if part.type == 'thinking' %}"
            "[THINK]{{ part.thinking }}[/THINK]{% else %}{{ part.text }}"
            "{% endif %}{% endfor %}{% endif %}",
            ""));
  EXPECT_EQ(Thought(*protocol), "[THINK] … [/THINK]");
  EXPECT_EQ(protocol->facts().reasoning.field, "");
}

TEST(DeriveMarkersTest, ThoughtsMayNeedAVariable) {
  const auto protocol = Resolve(
      Turns("{% if deep %}<think>{{ m.reasoning_content }}{% endif %}</think>"
            "{{ m.content }}",
            "{{ '<think>' if deep else '</think>' }}"));
  EXPECT_EQ(Thought(*protocol), "<think> … </think>");
}

TEST(DeriveMarkersTest, AVariableMayChangeTheUsersTurn) {
  const auto protocol = Resolve(
      "{% for m in messages %}<a>{{ m.role }}\n"
      "{% if m.role == 'assistant' %}<think>{{ m.reasoning_content }}</think>"
      "{% endif %}{{ m.content }}{{ '{low effort}' if low and m.role == 'user' "
      "}}<z>"
      "{% endfor %}{% if add_generation_prompt %}<a>assistant\n<think>"
      "{% endif %}");
  EXPECT_EQ(Thought(*protocol), "<think> … </think>, opened");
}

TEST(DeriveMarkersTest, CallsAreMarkedByWhatAnswersDoNotHave) {
  const auto protocol = Resolve(
      "{% if tools %}<a>system\n<s>{{ tools | tojson }}<e><z>{% endif %}"
      "{% for m in messages %}<a>{{ m.role }}\n{{ m.content or '' }}"
      "{% if m.tool_calls %}{% if not tools %}{{ raise_exception('no tools') }}"
      "{% endif %}[CALL]{{ m.tool_calls | tojson }}[/CALL]{% endif %}<z>"
      "{% endfor %}{% if add_generation_prompt %}<a>assistant\n{% endif %}");
  EXPECT_EQ(Call(*protocol), "[CALL] … [/CALL]");
}

}  // namespace
}  // namespace fullstop
