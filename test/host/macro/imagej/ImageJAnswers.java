// Asks ImageJ itself. Reads questions, one a line: an operation and two texts, tab-separated, the texts as four hexadecimal
// digits a character; writes one answer a line: "=" and the text in the same form, "-" for none, "!" and the reason.
//   value   ij.Macro.getValue(options, key, none)      checked   GenericDialog.isMatch(options, key + " ")
//   key     ij.Macro.trimKey(label)                    fix       Recorder.fixString(text)
//   run     the value that the macro returns
// javac -cp ij.jar -d OUT ImageJAnswers.java && java -Djava.awt.headless=true -cp ij.jar:OUT ImageJAnswers < questions
// Needs no display: the dialog is made without its constructor, since isMatch looks at its arguments only.

import ij.Macro;
import ij.macro.Interpreter;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.lang.reflect.Method;

public class ImageJAnswers {
  public static void main(String[] args) throws Exception {
    BufferedReader questions = new BufferedReader(new InputStreamReader(System.in));
    StringBuilder answers = new StringBuilder();
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      String[] parts = line.split("\t", -1);
      answers.append(answer(parts[0], decode(parts[1]), decode(parts[2]))).append('\n');
    }
    System.out.print(answers);
  }

  static String answer(String operation, String text, String key) {
    try {
      String none = new String("none");
      String answer = ask(operation, text, key, none);
      return answer == null || answer == none ? "-" : "=" + encode(answer);
    } catch (Throwable error) {
      return "!" + error.getClass().getName();
    }
  }

  static String ask(String operation, String text, String key, String none) throws Exception {
    switch (operation) {
      case "value": return Macro.getValue(text, key, none);
      case "key": return Macro.trimKey(text);
      case "run": return new Interpreter().run(text, null);
      case "fix": return (String) method("ij.plugin.frame.Recorder", "fixString", String.class).invoke(null, text);
      case "checked":
        // ImageJ ends every option string with a space before it comes here.
        String options = text.endsWith(" ") ? text : text + " ";
        Method isMatch = method("ij.gui.GenericDialog", "isMatch", String.class, String.class);
        return String.valueOf(isMatch.invoke(allocate(isMatch.getDeclaringClass()), options, key + " "));
      default: throw new IllegalArgumentException(operation);
    }
  }

  static Method method(String owner, String name, Class<?>... types) throws Exception {
    Method method = Class.forName(owner, false, ImageJAnswers.class.getClassLoader()).getDeclaredMethod(name, types);
    method.setAccessible(true);
    return method;
  }

  static Object allocate(Class<?> type) throws Exception {
    Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
    field.setAccessible(true);
    return ((sun.misc.Unsafe) field.get(null)).allocateInstance(type);
  }

  static String decode(String hex) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i + 4 <= hex.length(); i += 4) text.append((char) Integer.parseInt(hex.substring(i, i + 4), 16));
    return text.toString();
  }

  static String encode(String text) {
    StringBuilder hex = new StringBuilder();
    for (char unit : text.toCharArray()) hex.append(String.format("%04x", (int) unit));
    return hex.toString();
  }
}
