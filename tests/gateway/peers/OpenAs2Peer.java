// OpenAS2 (Java, Bouncy Castle) behind lines of JSON: builds messages and reads them. Each line of standard input is a question,
// each line of standard output its answer; bytes are base64.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Enumeration;
import javax.mail.Header;
import javax.mail.internet.InternetHeaders;
import javax.mail.internet.MimeBodyPart;
import org.openas2.lib.helper.BCCryptoHelper;
import org.openas2.message.AS2Message;

public class OpenAs2Peer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final BCCryptoHelper CRYPTO = new BCCryptoHelper();

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, "UTF-8");
        System.setOut(System.err);
        CRYPTO.initialize();
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            JsonNode question = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode();
            try {
                if (question.get("op").asText().equals("build")) build(question, answer);
                else read(question, answer);
            } catch (Throwable error) {
                answer.put("failed", error.toString());
            }
            answers.println(JSON.writeValueAsString(answer));
        }
    }

    private static void build(JsonNode question, ObjectNode answer) throws Exception {
        String digest = question.path("digest").asText("");
        String cipher = question.path("cipher").asText("");
        boolean compress = question.path("compress").asBoolean(false);
        InternetHeaders headers = new InternetHeaders();
        headers.setHeader("Content-Type", "application/xml");
        headers.setHeader("Content-Transfer-Encoding", "binary");
        headers.setHeader("Content-Disposition", "attachment; filename=\"peer.xml\"");
        MimeBodyPart part = new MimeBodyPart(headers, bytes(question, "content"));
        if (compress) part = CRYPTO.compress(new AS2Message(), part, "ZLIB", "binary");
        boolean whole = !digest.isEmpty() || !cipher.isEmpty() || compress;
        answer.put("mic", CRYPTO.calculateMIC(part, digest.isEmpty() ? "SHA256" : digest, whole));
        if (!digest.isEmpty()) {
            part = CRYPTO.sign(part, certificate(question, "own_pem"), key(question), digest, "binary", false, false);
        }
        if (!cipher.isEmpty()) part = CRYPTO.encrypt(part, certificate(question, "partner_pem"), cipher, "binary");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        part.writeTo(out);
        byte[] all = out.toByteArray();
        int end = new String(all, "ISO-8859-1").indexOf("\r\n\r\n") + 4;
        ArrayNode fields = answer.putArray("fields");
        for (Enumeration<Header> each = part.getAllHeaders(); each.hasMoreElements(); ) {
            Header header = each.nextElement();
            fields.addArray().add(header.getName()).add(header.getValue().replaceAll("\\s+", " "));
        }
        byte[] body = java.util.Arrays.copyOfRange(all, end, all.length);
        answer.put("body", Base64.getEncoder().encodeToString(body));
    }

    private static void read(JsonNode question, ObjectNode answer) throws Exception {
        InternetHeaders headers = new InternetHeaders();
        for (JsonNode field : question.get("fields")) headers.addHeader(field.get(0).asText(), field.get(1).asText());
        MimeBodyPart part = new MimeBodyPart(headers, bytes(question, "body"));
        boolean encrypted = CRYPTO.isEncrypted(part);
        if (encrypted) part = CRYPTO.decrypt(part, certificate(question, "own_pem"), key(question));
        boolean after = CRYPTO.isCompressed(part);
        if (after) part = decompressed(part);
        boolean signed = CRYPTO.isSigned(part);
        if (signed) part = CRYPTO.verifySignature(part, certificate(question, "partner_pem"));
        answer.put("mic", CRYPTO.calculateMIC(part, question.path("digest").asText("SHA256"), signed || encrypted || after));
        boolean before = CRYPTO.isCompressed(part);
        if (before) part = decompressed(part);
        answer.put("encrypted", encrypted).put("signed", signed).put("compressed", after || before);
        answer.put("content", Base64.getEncoder().encodeToString(part.getInputStream().readAllBytes()));
    }

    private static MimeBodyPart decompressed(MimeBodyPart part) throws Exception {
        AS2Message message = new AS2Message();
        message.setData(part);
        CRYPTO.decompress(message);
        return message.getData();
    }

    private static byte[] bytes(JsonNode question, String name) {
        return Base64.getDecoder().decode(question.get(name).asText());
    }

    private static byte[] pem(JsonNode question, String name, String kind) {
        String begin = "-----BEGIN " + kind + "-----";
        String text = question.get(name).asText();
        text = text.substring(text.indexOf(begin) + begin.length());
        return Base64.getMimeDecoder().decode(text.substring(0, text.indexOf("-----END")));
    }

    private static X509Certificate certificate(JsonNode question, String name) throws Exception {
        ByteArrayInputStream der = new ByteArrayInputStream(pem(question, name, "CERTIFICATE"));
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(der);
    }

    private static PrivateKey key(JsonNode question) throws Exception {
        PKCS8EncodedKeySpec der = new PKCS8EncodedKeySpec(pem(question, "own_pem", "PRIVATE KEY"));
        return KeyFactory.getInstance("RSA").generatePrivate(der);
    }
}
