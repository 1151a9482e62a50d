import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;

/** Renders templates with Apache Velocity 1.7: a JSON list of cases on stdin, a JSON list of results on stdout. */
public final class Oracle {
  public static void main(String[] args) throws Exception {
    List<?> cases = (List<?>) Json.parse(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
    List<Object> results = new ArrayList<>();
    for (Object one : cases) results.add(run((Map<?, ?>) one));
    System.out.write(Json.write(results).getBytes(StandardCharsets.UTF_8));
    System.out.flush();
  }

  private static Map<String, Object> run(Map<?, ?> one) {
    Map<String, Object> result = new LinkedHashMap<>();
    try {
      // An engine for each case: macros would otherwise live on into the next.
      VelocityEngine engine = new VelocityEngine();
      engine.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
      engine.setProperty("directive.foreach.maxloops", "1000");
      engine.init();
      StringWriter out = new StringWriter();
      if (engine.evaluate(context(one), out, "template", (String) one.get("template"))) {
        result.put("output", out.toString());
      } else {
        result.put("error", "parse");
      }
    } catch (Throwable thrown) {
      result.put("error", phase(thrown));
      result.put("message", String.valueOf(thrown.getMessage()));
    }
    return result;
  }

  private static String phase(Throwable thrown) {
    String name = thrown.getClass().getSimpleName();
    return name.contains("Parse") || name.contains("TemplateInit") ? "parse" : "render";
  }

  private static VelocityContext context(Map<?, ?> one) {
    VelocityContext context = new VelocityContext();
    Map<?, ?> variables = (Map<?, ?>) one.get("variables");
    if (variables != null) variables.forEach((name, value) -> context.put((String) name, value));
    Map<?, ?> input = (Map<?, ?>) one.get("input");
    if (input == null) return context;
    context.put("input", new Gateway.Input((String) input.get("body"), Gateway.params(input.get("params"))));
    context.put("util", new Gateway.Util());
    context.put("context", Gateway.variables(input.get("context")));
    context.put("stageVariables", Gateway.variables(input.get("stageVariables")));
    return context;
  }
}
