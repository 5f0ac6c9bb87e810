// What real ImageJ makes of ROIs: prints "name TAB y TAB x0 TAB x1" for each run of pixels that it covers (x1 exclusive), or
// "name TAB none" for one without area. Reads zips as ImageJ's ROI Manager does, and single files.
//     java -cp /usr/share/java/ij.jar PrintRois.java FILE...

import ij.gui.Roi;
import ij.io.RoiDecoder;
import ij.process.ImageProcessor;
import java.awt.Rectangle;
import java.io.ByteArrayInputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

public class PrintRois {
  public static void main(String[] paths) throws Exception {
    System.setProperty("java.awt.headless", "true");
    PrintStream out = new PrintStream(System.out, false);
    for (String path : paths) {
      byte[] bytes = Files.readAllBytes(Path.of(path));
      if (!path.endsWith(".zip")) {
        print(bytes, Path.of(path).getFileName().toString(), out);
        continue;
      }
      ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(bytes));
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) print(zip.readAllBytes(), entry.getName(), out);
    }
    out.flush();
  }

  private static void print(byte[] bytes, String file, PrintStream out) throws Exception {
    Roi roi = new RoiDecoder(bytes, file).getRoi();
    String name = file.replaceAll("\\.roi$", "");
    Rectangle box = roi.getBounds();
    if (!roi.isArea() || box.width == 0 || box.height == 0) {
      out.println(name + "\tnone");
      return;
    }
    ImageProcessor mask = roi.getMask();
    for (int y = 0; y < box.height; y++) {
      for (int x = 0; x < box.width; x++) {
        if (mask != null && mask.get(x, y) == 0) continue;
        int start = x;
        while (x < box.width && (mask == null || mask.get(x, y) != 0)) x++;
        out.println(name + "\t" + (box.y + y) + "\t" + (box.x + start) + "\t" + (box.x + x));
      }
    }
  }
}
